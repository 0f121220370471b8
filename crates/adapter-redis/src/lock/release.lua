-- Deletes the keys that are still the owner's and wakes one waiter of each.
-- KEYS: the locks, then the lines. ARGV: owner, channels, how long a key is kept for him in ms. Answers how many
-- were the owner's.
local count = #KEYS / 2
local owned = 0
for i = 1, count do
  if redis.call('GET', KEYS[i]) == ARGV[1] then
    redis.call('DEL', KEYS[i])
    owned = owned + 1
    wake(KEYS[i], KEYS[count + i], ARGV[2], ARGV[3], '')
  end
end
return owned
