-- Takes a waiter out of the lines; what is kept for him, or was until a moment ago, is the next one's.
-- KEYS: the locks, then the lines. ARGV: waiter, channels, how long a key is kept for whoever is woken, in ms.
local count = #KEYS / 2
for i = 1, count do
  redis.call('ZREM', KEYS[count + i], ARGV[1])
  local holder = redis.call('GET', KEYS[i])
  if not holder or holder == 'next:' .. ARGV[1] then
    redis.call('DEL', KEYS[i])
    wake(KEYS[i], KEYS[count + i], ARGV[2], ARGV[3], '')
  end
end
return 1
