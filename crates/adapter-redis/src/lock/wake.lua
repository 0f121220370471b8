-- Wakes the first in a line who can still be reached, unless that is `but`, and keeps the key for him so many ms, so
-- that nobody who comes meanwhile has it before him; nobody else hears of it.
local function wake(key, line, channels, kept, but)
  for _ = 1, 64 do
    local first = redis.call('ZPOPMIN', line)[1]
    if not first then return end
    local instance = string.match(first, '^[^/]+')
    if first ~= but and redis.call('PUBLISH', channels .. instance, first) > 0 then
      if tonumber(kept) > 0 then redis.call('SET', key, 'next:' .. first, 'PX', kept) end
      return
    end
  end
end
