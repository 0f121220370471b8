-- Rate, pace, frontier and estimates.

local function per_s_milli(rate) return floor(rate.users * 1000000 / rate.interval) end

-- Rounded up: a nanosecond too slow keeps the bound.
local function step_ns(rate) return math.ceil(rate.interval * 1000000 / max(rate.users, 1)) end

-- How far the next admission of an even pace is from now, in ns; a bank of past credit is
-- negative. Times as nanoseconds would not fit into a double, so only distances are counted.
local function distance_ns(rate)
  local distance = (head.due - head.clock) * 1000 + head.due_rest
  return max(distance, -(max(rate.burst - 1, 0) * step_ns(rate)))
end

local function set_due(distance)
  head.due = head.clock + floor(distance / 1000)
  head.due_rest = distance % 1000
end

local function cell_now(rate) return floor((head.clock - head.grid_origin) / (rate.interval * 1000)) end

local function credit_at()
  local rate = s.rate
  if not rate then return head.clock end
  if not rate.grid then return head.clock + max(0, math.ceil(distance_ns(rate) / 1000)) end
  if not head.grid_origin then return head.clock end
  if cell_now(rate) > head.cell or head.used < rate.users then return head.clock end
  return head.grid_origin + (head.cell + 1) * rate.interval * 1000
end

local function spend()
  local rate = s.rate
  if not rate then return end
  if not rate.grid then return set_due(distance_ns(rate) + step_ns(rate)) end
  head.grid_origin = head.grid_origin or head.clock
  local cell = cell_now(rate)
  if cell > head.cell then head.cell, head.used = cell, 0 end
  head.used = head.used + 1
end

local function change_rate(from, to)
  if not to then return end
  local function grid(rate) return rate and rate.grid and rate.interval end
  if (grid(from) or nil) ~= (grid(to) or nil) then
    head.grid_origin, head.cell, head.used = head.clock, 0, 0
  end
  local distance = (head.due - head.clock) * 1000 + head.due_rest
  if distance > step_ns(to) then set_due(step_ns(to)) end
end

local function react(settings) return (settings.floor + settings.slack) * 1000 end

local function ceiling(settings)
  if settings.presence then return settings.ceiling end
  return max(min(settings.ceiling, floor(settings.claim / 2)), 1)
end

local function speed(settings)
  if settings.invite then return settings.invite * 1000 end
  local filling = settings.active_max and floor(settings.active_max * 1000 / 8) or 10000000
  local rate = settings.rate and per_s_milli(settings.rate) or 10000000
  return max(min(filling, rate) * 5, 10000)
end

local function settle_pace()
  local pace = head.pace
  if head.clock >= pace.settled_at then
    pace.invite, pace.react = pace.promised, pace.react_wanted
  end
end

local function rest() head.rest_until = head.clock + head.pace.react end

local function change(settings, json, json_open)
  change_rate(s.rate, settings.rate)
  local promise = max(ceiling(s), ceiling(settings)) * 1000
  local wanted, pace = speed(settings), head.pace
  if wanted ~= pace.promised or react(settings) ~= react(s) then
    pace.promised = wanted
    pace.invite = min(pace.invite, wanted)
    pace.react = max(pace.react, react(settings))
    pace.react_wanted = react(settings)
    pace.settled_at = max(pace.settled_at, head.clock + promise)
  end
  head.settings, s = settings, settings
  head.json, head.json_open = json, json_open
  head.settings_rev = head.settings_rev + 1
end

local function slots_free() return max((s.active_max or NOBODY) - inside - (head.phantoms or 0), 0) end

local function departing()
  if head.dep_steps >= 3 and head.departed >= 20 then return head.dep_mean end
end

local function note_departure()
  head.dep_in_step = head.dep_in_step + 1
  head.departed = head.departed + 1
end

local function roll_departures()
  local step = floor(head.clock / 5000000)
  local last = head.dep_step or step
  for _ = 1, min(max(step - last, 0), 64) do
    local rate = floor(head.dep_in_step * 1000 / 5)
    head.dep_in_step = 0
    head.dep_steps = head.dep_steps + 1
    local weight = min(8, head.dep_steps)
    head.dep_mean = floor((head.dep_mean * (weight - 1) + rate) / weight)
  end
  head.dep_step = max(step, last)
end

local function note_shown(invited, present)
  head.shown_invited = head.shown_invited + invited
  head.shown_milli = head.shown_milli + present * 1000
  if head.shown_invited > 500 then
    head.shown_milli = floor(head.shown_milli * 500 / head.shown_invited)
    head.shown_invited = 500
  end
end

local function show_permille()
  if head.shown_invited < 50 then return nil end
  return min(floor(head.shown_milli / head.shown_invited), 1000)
end

local function deck_target()
  if s.target then return s.target end
  local by_slots, by_rate = 100000, 100000
  if s.active_max then by_slots = max(slots_free(), floor((departing() or 0) * 8 / 1000)) end
  if s.rate then by_rate = floor(per_s_milli(s.rate) * 8 / 1000) end
  return min(max(min(by_slots, by_rate), 16), 100000)
end

local function expected_rate()
  local configured = s.rate and per_s_milli(s.rate)
  if slots_free() > 0 then return configured end
  local leaving = departing()
  if not leaving then return nil end
  return configured and min(configured, leaving) or leaving
end

local function level(place) head.deck_to, head.ripe_to, head.ripe_next = place, place, place end

-- Invites what the pace allows; the product has more digits than a double, so it is made of two.
local function invite(wants_more)
  local pace = head.pace
  local elapsed = min(max(head.clock - head.moved_at, 0), pace.react)
  head.moved_at = head.clock
  if not wants_more or head.deck_to >= head.issued then
    head.carry = 0
    return
  end
  local high, low = floor(pace.invite / 100000), pace.invite % 100000
  local upper, lower = high * elapsed, low * elapsed + head.carry
  local rest_of = (upper % 10000) * 100000 + lower % 1000000000
  local whole = floor(upper / 10000) + floor(lower / 1000000000) + floor(rest_of / 1000000000)
  head.carry = rest_of % 1000000000
  head.deck_to = min(head.issued, head.deck_to + whole)
  -- Numbers that a heal left out are nobody's: nobody has to wait until they are passed.
  for _, gap in ipairs(head.gaps) do
    if head.deck_to >= gap[1] and head.deck_to < gap[2] then head.deck_to = gap[2] end
  end
end

local function move_frontier()
  local pace = head.pace
  if head.clock >= head.sweep_at then
    sweep_deck(head.clock - pace.react)
    head.sweep_at = head.clock + TICK
  end
  if not s.presence then return level(head.deck_to) end
  if head.clock >= head.ripen_at then
    local before = head.ripe_to
    head.ripe_to, head.ripe_next = head.ripe_next, head.deck_to
    head.ripen_at = head.clock + pace.react
    if head.ripe_to > before and head.clock >= head.rest_until then
      local present = call('ZCOUNT', base .. 'deck', before + 1, head.ripe_to)
      note_shown(head.ripe_to - before, present)
    end
  end
  invite(on_deck < deck_target())
end

-- How good the forecasts were; the long lists are read only when something is added to them.

local function fresh_estimates()
  head.shown_invited, head.shown_milli = 0, 0
  head.dep_step, head.dep_in_step, head.dep_steps, head.departed, head.dep_mean = nil, 0, 0, 0, 0
  head.open, head.ratios, head.covered, head.held = {}, 0, 0, 0
  head.low, head.high, head.forecast_next, head.far = nil, nil, 0, 0
  call('DEL', base .. 'forecasts')
end

local function forecast_lists()
  local packed = call('GET', base .. 'forecasts')
  if packed then return cmsgpack.unpack(packed) end
  return { ratios = {}, covered = {} }
end

local function push(list, item)
  if #list >= 500 then table.remove(list, 1) end
  list[#list + 1] = item
end

local function resolve(lists, made)
  local actual = floor(max(head.clock - made.at, 0) / 1000)
  push(lists.ratios, floor(actual * 1000 / made.forecast))
  if made.low then
    local low, high = floor(made.forecast * made.low / 1000), floor(made.forecast * made.high / 1000)
    push(lists.covered, (low <= actual and actual <= high) and 1 or 0)
  end
end

local function forecasts_reached()
  local open, resolved = {}, {}
  for _, made in ipairs(head.open) do
    if made.place > head.called_to then open[#open + 1] = made else resolved[#resolved + 1] = made end
  end
  if #resolved == 0 and (head.low or head.ratios < 50) then return end
  local lists = forecast_lists()
  for _, made in ipairs(resolved) do resolve(lists, made) end
  head.open, head.ratios, head.covered, head.held = open, #lists.ratios, #lists.covered, 0
  for _, held in ipairs(lists.covered) do head.held = head.held + held end
  if #resolved > 0 or not head.low then
    head.low, head.high = nil, nil
    if head.ratios >= 50 then
      local sorted = {}
      for i, ratio in ipairs(lists.ratios) do sorted[i] = ratio end
      table.sort(sorted)
      head.low = sorted[floor((#sorted - 1) * 20 / 100) + 1]
      head.high = sorted[floor((#sorted - 1) * 80 / 100) + 1]
    end
  end
  if #resolved > 0 then call('SET', base .. 'forecasts', cmsgpack.pack(lists)) end
end

local function forecast_wanted()
  if head.clock < head.forecast_next or #head.open >= 256 then return nil end
  head.forecast_next = head.clock + 1000000
  head.far = head.far >= 20 and 4 or max(head.far, 3) + 1
  local place = head.called_to + 2 ^ head.far
  if place > head.issued then
    head.far = 0
    return nil
  end
  return place
end
