-- Takes all keys or none. KEYS: the locks, then in the same order the lines of those who wait.
-- ARGV: owner, lease in ms, waiter ("" for nobody), how long a line is kept in ms, channels.
-- Answers 0 when they are taken, else in how many ms the lease in the way runs out.
local count = #KEYS / 2
local owner, lease, waiter, kept, channels = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]

-- Wakes the first who waits and can still be reached; nobody else hears of it.
local function wake(line)
  for _ = 1, 64 do
    local first = redis.call('ZPOPMIN', line)[1]
    if not first then return end
    local instance = string.match(first, '^[^/]+')
    if first ~= waiter and redis.call('PUBLISH', channels .. instance, first) > 0 then return end
  end
end

local busy
for i = 1, count do
  local holder = redis.call('GET', KEYS[i])
  if holder and holder ~= owner then
    busy = i
    break
  end
end
if not busy then
  for i = 1, count do
    redis.call('SET', KEYS[i], owner, 'PX', lease)
    if waiter ~= '' then redis.call('ZREM', KEYS[count + i], waiter) end
  end
  return 0
end
if waiter ~= '' then
  local time = redis.call('TIME')
  -- In the line in the same step as the failed try: a release after it finds the waiter there.
  redis.call('ZADD', KEYS[count + busy], 'NX', time[1] * 1000000 + time[2], waiter)
  redis.call('PEXPIRE', KEYS[count + busy], kept)
  -- Woken for one key and stopped by another: the first key's next waiter must not sleep on.
  for i = 1, count do
    if i ~= busy and redis.call('EXISTS', KEYS[i]) == 0 then wake(KEYS[count + i]) end
  end
end
return math.max(redis.call('PTTL', KEYS[busy]), 1)
