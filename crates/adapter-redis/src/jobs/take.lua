-- ARGV: the consumer, how many jobs at most, after how many ms a silent consumer is taken for dead.
-- Returns what was taken as {stream, id, attempts, body}, the newest id of each stream, and in how
-- many ms the next delayed job is due, or -1.
ensure()
local consumer, most, silent_ms = ARGV[1], tonumber(ARGV[2]), ARGV[3]
local newest = {}
local taken = {}
local now = now_ms()

local due = redis.call('ZRANGEBYSCORE', delayed, '-inf', now, 'LIMIT', 0, 256)
for _, member in ipairs(due) do
  add(undelay(member))
  redis.call('ZREM', delayed, member)
end

if redis.call('EXISTS', base .. 'paused') == 0 then
  for place, stream in ipairs(streams) do
    local left = most - #taken
    if left <= 0 then break end
    -- What a dead consumer left over comes before what is new.
    local claimed = redis.call('XAUTOCLAIM', stream, group, consumer, silent_ms, '0', 'COUNT', left)[2]
    for _, found in ipairs(claimed) do
      local before = redis.call('XPENDING', stream, group, found[1], found[1], 1)[1][4] - 1
      taken[#taken + 1] = { place, found[1], tonumber(found[2][2]) + before, found[2][4] }
    end
    left = most - #taken
    if left > 0 then
      local fresh = redis.call('XREADGROUP', 'GROUP', group, consumer, 'COUNT', left, 'STREAMS', stream, '>')
      if fresh then
        for _, found in ipairs(fresh[1][2]) do
          taken[#taken + 1] = { place, found[1], tonumber(found[2][2]), found[2][4] }
        end
      end
    end
  end
end

for place, stream in ipairs(streams) do
  local info = redis.call('XINFO', 'STREAM', stream)
  for at = 1, #info, 2 do
    if info[at] == 'last-generated-id' then newest[place] = info[at + 1] end
  end
end
local next = redis.call('ZRANGE', delayed, 0, 0, 'WITHSCORES')
local wait = -1
if next[2] then wait = math.max(0, math.ceil(tonumber(next[2]) - now)) end
return { taken, newest, wait }
