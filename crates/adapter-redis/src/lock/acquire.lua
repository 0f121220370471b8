-- Takes all keys or none. KEYS: the locks, then in the same order the lines of those who wait.
-- ARGV: owner, lease in ms, waiter ("" for nobody), how long a line lasts in ms, channels, how long a key is kept
-- for whoever is woken, in ms, for how many us the waiter has waited, and 1 where he keeps what is kept for him.
-- Answers 0 when they are taken, else in how many ms the lease in the way runs out.
local count = #KEYS / 2
local owner, lease, waiter, lasts, channels, kept = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local own = 'next:' .. waiter

local busy
for i = 1, count do
  local holder = redis.call('GET', KEYS[i])
  if holder and holder ~= owner and holder ~= own then
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
  -- In the line in the same step as the failed try: a release after it finds the waiter there. He stands where he would
  -- if he had come to this line first.
  redis.call('ZADD', KEYS[count + busy], 'NX', time[1] * 1000000 + time[2] - ARGV[7], waiter)
  redis.call('PEXPIRE', KEYS[count + busy], lasts)
  -- Woken for one key and stopped by another: the first key's next waiter must not sleep on. But whoever was stopped
  -- again and again keeps the one for its moment, or he would never have both.
  for i = 1, count do
    local holder = redis.call('GET', KEYS[i])
    local is_given_on = holder == own and ARGV[8] ~= '1'
    if is_given_on then redis.call('DEL', KEYS[i]) end
    if i ~= busy and (not holder or is_given_on) then
      wake(KEYS[i], KEYS[count + i], channels, kept, waiter)
    end
  end
end
return math.max(redis.call('PTTL', KEYS[busy]), 1)
