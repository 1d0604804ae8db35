// The input is a configuration file.
//
//   - Whatever is wrong with it is said in few lines, and nothing of it reaches the terminal as it
//     is.
//   - What is accepted has a gateway, and reads back as the same settings when it is printed.
//   - The same text as a list of nodes is refused in few lines, or names nodes.
//   - What is printed from the settings that were read prints the same way again.
#include <algorithm>
#include <span>

#include "tests/fuzz/fuzz_input.h"
#include "tools/lode/configuration.h"
#include "tools/lode/endpoint.h"
#include "tools/lode/settings_text.h"

using namespace lode;
using namespace lode::tools;
using fuzz::must_hold;

namespace {

void check_problems(std::span<const problem> problems) {
    const std::string text = print_problems(problems, "FILE");
    must_hold(text.ends_with('\n'), "every problem is a line");
    must_hold(std::ranges::count(text, '\n') <= std::ptrdiff_t{problems_printed_max} + 1,
              "not too many lines");
    must_hold(std::ranges::none_of(text,
                                   [](char c) {
                                       const auto code = static_cast<unsigned char>(c);
                                       return (code < 0x20 && c != '\n') || code == 0x7f;
                                   }),
              "no control characters");
    for (const problem& p : problems) must_hold(!p.text.empty(), "a problem has a text");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t length) {
    const node_list list = parse_node_list(fuzz::text_of(data, length));
    must_hold(!list.problems.empty() || !list.nodes.empty(), "nodes, or why there are none");
    if (!list.problems.empty()) check_problems(list.problems);

    const configuration read = parse_configuration(fuzz::text_of(data, length));
    if (!read.problems.empty()) {
        check_problems(read.problems);
        return 0;
    }
    must_hold(parse_endpoint(read.settings.origin.gateway).has_value(), "there is a gateway");
    (void)describe_unused(read.settings);

    const std::string printed = print_configuration(read.settings);
    const configuration again = parse_configuration(printed);
    must_hold(again.problems.empty(), "what was printed is accepted");
    must_hold(again.settings == read.settings, "what was printed is the same");
    must_hold(print_configuration(again.settings) == printed, "and is printed the same way");
    return 0;
}
