-- ardour7-lua leader.lua FOLDER
-- Makes an empty session and obeys its stdin, a line each: "roll", "stop", "locate SAMPLE", "end". Answers "ready"
-- when the session is there and after each line.

local folder = arg[1]
assert(AudioEngine:set_backend("JACK", "ardour", ""), "no JACK backend")
local session = create_session(folder, "lead", 48000)
assert(session, "no session")

local function answer()
	print("ready")
	io.stdout:flush()
end

answer()
for line in io.stdin:lines() do
	local word, place = line:match("^(%a+) ?(%d*)$")
	if word == "roll" then
		session:request_roll(ARDOUR.TransportRequestSource.TRS_UI)
		repeat ARDOUR.LuaAPI.usleep(5000) until session:transport_rolling()
	elseif word == "stop" then
		session:request_stop(false, false, ARDOUR.TransportRequestSource.TRS_UI)
		repeat ARDOUR.LuaAPI.usleep(5000) until not session:transport_rolling()
	elseif word == "locate" then
		session:request_locate(tonumber(place), false, ARDOUR.LocateTransportDisposition.RollIfAppropriate,
			ARDOUR.TransportRequestSource.TRS_UI)
		ARDOUR.LuaAPI.usleep(200000)
	else
		break
	end
	answer()
end
close_session()
