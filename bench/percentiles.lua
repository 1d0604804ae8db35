-- What bench/limit reads of a run of wrk: requests per second and latencies in milliseconds.
function done(summary, latency, requests)
    io.write(string.format("rate %.1f p50 %.3f p99 %.3f p999 %.3f\n",
                           summary.requests / (summary.duration / 1e6), latency:percentile(50) / 1e3,
                           latency:percentile(99) / 1e3, latency:percentile(99.9) / 1e3))
end
