-- What all scripts of a queue share. KEYS[1] begins every name of the queue.
local base = KEYS[1]
local group = 'workers'
local streams = { base .. 'high', base .. 'usual', base .. 'low' }
local delayed, dead, counts = base .. 'delayed', base .. 'dead', base .. 'counts'

local function now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- The group is there from the beginning of the stream: what came before it is taken too.
local function ensure()
  for _, stream in ipairs(streams) do
    if redis.call('EXISTS', stream) == 0 or #redis.call('XINFO', 'GROUPS', stream) == 0 then
      redis.call('XGROUP', 'CREATE', stream, group, '0', 'MKSTREAM')
    end
  end
end

local function add(urgency, attempts, body)
  return redis.call('XADD', streams[urgency], '*', 'a', attempts, 'b', body)
end

-- A job that waits for its time: its number, its urgency, its attempts, then its body.
local function delay(until_ms, urgency, attempts, body)
  local number = redis.call('HINCRBY', counts, 'delayed', 1)
  local member = string.format('%016d|%d|%06d|', number, urgency, attempts) .. body
  redis.call('ZADD', delayed, until_ms, member)
end

local function undelay(member)
  return tonumber(member:sub(18, 18)), tonumber(member:sub(20, 25)), member:sub(27)
end

local function entry(stream, id)
  local found = redis.call('XRANGE', stream, id, id)[1]
  if not found then return nil end
  return found[2][2], found[2][4]
end

-- Whether a consumer has a job still; nobody else's is touched.
local function has(stream, id, consumer)
  local pending = redis.call('XPENDING', stream, group, id, id, 1)[1]
  return pending and pending[2] == consumer
end

local function remove(stream, id)
  redis.call('XACK', stream, group, id)
  return redis.call('XDEL', stream, id)
end

local function last_delivered(stream)
  local groups = redis.call('XINFO', 'GROUPS', stream)
  local fields = groups[1]
  for place = 1, #fields, 2 do
    if fields[place] == 'last-delivered-id' then return fields[place + 1] end
  end
  return '0-0'
end
