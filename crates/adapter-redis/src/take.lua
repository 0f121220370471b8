-- KEYS: when the bucket will be full, in microseconds. ARGV: the interval, how many at once.
-- Returns whether one was taken, how many are left, and how long to wait.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local interval, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local full_at = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now)
-- A clock that was set back leaves nobody waiting for longer than a whole bucket takes.
full_at = math.min(full_at, now + interval * burst)
local there = interval * burst - (full_at - now)
if there < interval then
  return { 0, 0, interval - there }
end
full_at = full_at + interval
redis.call('SET', KEYS[1], string.format('%d', full_at), 'PX', math.ceil((full_at - now) / 1000))
return { 1, math.floor((there - interval) / interval), 0 }
