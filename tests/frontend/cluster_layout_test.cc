// Who finds out how an object's parts lie, and what others believe of it.
#include <algorithm>
#include <vector>

#include "frontend/peer/layout_question.h"
#include "tests/catch.h"
#include "tests/frontend/lying_home.h"
#include "tests/frontend/sealing/keys.h"
#include "tests/frontend/small_cluster.h"

using namespace lode;
using namespace lode::frontend;
using namespace std::chrono_literals;

namespace {

// The questions about parts that the origin was asked.
std::vector<std::string> part_numbers(const small_cluster& world) {
    std::vector<std::string> all;
    for (const origin_request& r : world.asked) {
        if (r.target.contains("partNumber=")) all.push_back(r.target);
    }
    return all;
}

bool none_twice(std::vector<std::string> all) {
    std::ranges::sort(all);
    return std::ranges::adjacent_find(all) == all.end();
}

std::uint64_t layout_questions(small_cluster& world) {
    std::uint64_t sum = 0;
    for (std::size_t n = 0; n < world.size(); ++n) {
        sum += world.cluster(n).served.layouts.value();
    }
    return sum;
}

}  // namespace

TEST_CASE("an object that all nodes open at the same time is laid out by one of them") {
    small_cluster world(4);
    const stored_object object = in_parts(9);
    world.objects["/data/k"] = object;
    world.thinks = 20ms;

    const auto answers = world.get_all(from_everywhere(world, 8, "/data/k"));

    for (const std::string& answer : answers) CHECK((body_of(answer) == object.body));
    CHECK(part_numbers(world).size() >= 9);
    CHECK(none_twice(part_numbers(world)));
    CHECK(layout_questions(world) >= 3);
}

TEST_CASE("a node that opens an object later learns its layout from the home node") {
    small_cluster world(3);
    const stored_object object = in_parts(5);
    const std::string target = put_at_home(world, 2, object);
    (void)world.get(0, target, range_line(0, 0));
    const std::size_t asked = part_numbers(world).size();

    for (const std::size_t node : {1U, 2U, 0U}) {
        CHECK((body_of(world.get(node, target)) == object.body));
    }

    CHECK(asked > 0);
    CHECK(part_numbers(world).size() == asked);
    CHECK(world.cluster(2).served.layouts.value() == 2);
    CHECK(world.node(0).serving().gateway.stats().layouts_told.value() == 1);
    CHECK(world.node(1).serving().gateway.stats().layouts_told.value() == 1);
}

TEST_CASE("an object of one piece has no layout to ask for") {
    small_cluster world(3);
    const std::string target = put_at_home(world, 1, {.body = content(300'000)});

    (void)world.get(0, target);

    CHECK(layout_questions(world) == 0);
}

TEST_CASE("while an object's home is down, its layout is asked of the origin") {
    small_cluster world(2);
    const stored_object object = in_parts(4);
    const std::string target = put_at_home(world, 1, object);
    world.run(world.end(1));
    const time_point begun = world.now();

    const std::string answer = world.get(0, target);

    CHECK((body_of(answer) == object.body));
    CHECK(part_numbers(world).size() >= 4);
    CHECK(none_twice(part_numbers(world)));
    CHECK(world.now() - begun < 3s);
}

TEST_CASE("a home that waits too long for the origin is not thought to be ill") {
    small_cluster world(2);
    const stored_object object = in_parts(4);
    const std::string target = put_at_home(world, 1, object);
    world.thinks = 700ms;

    const std::string answer = world.get(0, target, range_line(0, 0));

    CHECK(status_of(answer) == 206);
    CHECK(world.cluster(1).served.layouts.value() == 1);
    CHECK(world.seen(0, 1).counts.failed.value() == 0);
    CHECK(world.seen(0, 1).health.state() == cluster::peer_state::up);
}

TEST_CASE("a home that may not ask the origin says that it does not know") {
    small_cluster world(2, {.adjust_node = [](std::size_t n, small_node::options& o) {
                            if (n == 1) o.identity.reset();
                        }});
    const stored_object object = in_parts(4);
    const std::string target = put_at_home(world, 1, object);

    const std::string answer = world.get(0, target, range_line(0, 0));

    CHECK(status_of(answer) == 206);
    CHECK(part_numbers(world).size() >= 4);
    CHECK(world.cluster(1).served.layouts.value() == 1);
    CHECK(world.node(0).serving().gateway.stats().layouts_told.value() == 0);
}

TEST_CASE("the layout of what a customer's key protects is asked of no peer") {
    small_cluster world(3);
    stored_object object = in_parts(4);
    object.customer_key_md5 = sealing::one_md5;
    object.metadata =
        "x-amz-server-side-encryption-customer-algorithm: AES256\r\n"
        "x-amz-server-side-encryption-customer-key-MD5: " +
        std::string(sealing::one_md5) + "\r\n";
    world.objects["/data/k"] = object;
    const std::string lines =
        "x-amz-server-side-encryption-customer-algorithm: AES256\r\n"
        "x-amz-server-side-encryption-customer-key: " +
        std::string(sealing::one_key) +
        "\r\nx-amz-server-side-encryption-customer-key-MD5: " + std::string(sealing::one_md5) +
        "\r\n";

    for (std::size_t n = 0; n < world.size(); ++n) {
        CHECK((body_of(world.get(n, "/data/k", lines)) == object.body));
    }

    CHECK(layout_questions(world) == 0);
}

namespace {

enum class layout_lie : std::uint8_t {
    none,
    other_pieces,  // as many, and as long together, but not those of the upload
    more_parts,    // than the ETag counts
    other_size,    // than the object's
    no_layout,     // anything but fields
    too_long,      // more than a body may have
};

std::string told_layout(const stored_object& object, layout_lie says) {
    if (says == layout_lie::no_layout) return "known=perfectly";
    if (says == layout_lie::too_long) return std::string(peer::layout_text_max + 1, '1');
    std::vector<bytes> lengths;
    for (const std::size_t p : object.parts) lengths.emplace_back(p);
    if (says == layout_lie::other_pieces) {
        lengths.front() = lengths.front() - bytes(10);
        lengths.back() = lengths.back() + bytes(10);
    }
    if (says == layout_lie::other_size) lengths.back() = lengths.back() + bytes(1);
    if (says == layout_lie::more_parts) {
        lengths.back() = lengths.back() - bytes(10);
        lengths.emplace_back(10);
    }
    std::string body;
    peer::write_layout(*origin::part_layout::of_lengths(lengths), body);
    return body;
}

void check_layout_is_believed(bool believed, layout_lie lie, spoiling how, duration thinks = 0s) {
    lying_home home(peer::layout_word);
    const stored_object object = in_parts(4);
    home.answer = [&](std::string_view query, peer::server_session& session) {
        const auto q = peer::parse_layout_question(query);
        return q ? spoiled_answer(how, q->id, told_layout(object, lie), session) : std::string();
    };
    home.thinks = thinks;
    home.cuts_off = how == spoiling::cut_off;
    small_cluster world(2, home.beside_it());
    const std::string target = put_at_home(world, lying_home::place, object);
    const time_point begun = world.now();

    const std::string answer = world.get(0, target);

    CHECK(status_of(answer) == 200);
    CHECK((body_of(answer) == object.body));
    CHECK(home.asked == 1);
    CHECK(part_numbers(world).empty() == believed);
    CHECK(world.node(0).serving().gateway.stats().layouts_told.value() == (believed ? 1 : 0));
    CHECK(world.now() - begun < 5s);
}

}  // namespace

TEST_CASE("of what a home says about a layout, only what fits is believed") {
    for (const layout_lie lie :
         {layout_lie::none, layout_lie::other_pieces, layout_lie::more_parts,
          layout_lie::other_size, layout_lie::no_layout, layout_lie::too_long}) {
        INFO("lie " << static_cast<int>(lie));
        const bool believed = lie == layout_lie::none || lie == layout_lie::other_pieces;
        check_layout_is_believed(believed, lie, spoiling::none);
    }
}

TEST_CASE("of what a home says about a layout, only what is proven is believed") {
    for (const spoiling how : {spoiling::changed_body, spoiling::no_digest, spoiling::wrong_mac,
                               spoiling::another_one, spoiling::cut_off, spoiling::not_known}) {
        INFO("spoiling " << static_cast<int>(how));
        check_layout_is_believed(false, layout_lie::none, how);
    }
}

TEST_CASE("a home that is silent about a layout is not waited for") {
    check_layout_is_believed(false, layout_lie::none, spoiling::none, 20s);
}
