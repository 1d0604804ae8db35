-- Asks for the targets in a file, line by line, over and over: wrk -s many_targets.lua URL -- FILE
local requests = {}
local at = 0
function init(arguments)
    for target in io.lines(arguments[1]) do
        requests[#requests + 1] = wrk.format("GET", target)
    end
end
function request()
    at = at % #requests + 1
    return requests[at]
end
