-- Deletes the keys that are still the owner's and wakes one waiter of each.
-- KEYS: the locks, then the lines. ARGV: owner, channels. Answers how many were the owner's.
local count = #KEYS / 2
local owned = 0
for i = 1, count do
  if redis.call('GET', KEYS[i]) == ARGV[1] then
    redis.call('DEL', KEYS[i])
    owned = owned + 1
    for _ = 1, 64 do
      local first = redis.call('ZPOPMIN', KEYS[count + i])[1]
      if not first then break end
      local instance = string.match(first, '^[^/]+')
      if redis.call('PUBLISH', ARGV[2] .. instance, first) > 0 then break end
    end
  end
end
return owned
