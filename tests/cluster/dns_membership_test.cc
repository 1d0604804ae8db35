#include "cluster/dns_membership.h"

#include <atomic>
#include <future>
#include <memory>
#include <mutex>

#include "cluster/own_addresses.h"
#include "tests/catch.h"
#include "tests/cluster/heard_lists.h"

namespace lode::cluster {
namespace {

using namespace std::chrono_literals;

// A name server, as the test wants it.
class names {
  public:
    void answer(std::vector<std::string> addresses) {
        const std::scoped_lock lock(mutex_);
        addresses_ = std::move(addresses);
    }

    [[nodiscard]] resolver how() {
        return [this](const std::string& host,
                      std::uint16_t port) -> result<std::vector<engine::socket_address>> {
            ++asked;
            const std::scoped_lock lock(mutex_);
            if (host != "lode.svc" || addresses_.empty()) return fail(errc::not_found);
            std::vector<engine::socket_address> found;
            for (const auto& each : addresses_) {
                found.push_back(*engine::socket_address::parse(each + ":" + std::to_string(port)));
            }
            return found;
        };
    }

    std::atomic<int> asked = 0;

  private:
    std::mutex mutex_;
    std::vector<std::string> addresses_;
};

dns_options quick() {
    return {.name = "lode.svc:9001", .refresh = 5ms, .self = "me", .own_address = "10.0.0.1:9001"};
}

std::vector<std::string> addresses_in(const std::vector<discovered>& all) {
    std::vector<std::string> out;
    for (const discovered& each : all) out.push_back(each.address);
    return out;
}

using texts = std::vector<std::string>;

}  // namespace

TEST_CASE("the addresses of a name are the nodes, each once, and a change is said") {
    names dns;
    dns.answer({"10.0.0.3", "10.0.0.1", "10.0.0.3"});
    heard_lists heard;
    dns_membership source(quick(), dns.how());

    source.start(heard.listener());
    const auto first = heard.wait_for(1);
    dns.answer({"10.0.0.1", "10.0.0.4"});
    const auto second = heard.wait_for(2);
    const int asked = dns.asked;
    CHECK(eventually([&] { return dns.asked > asked + 3; }));
    source.stop();

    CHECK(addresses_in(first) == texts{"10.0.0.1:9001", "10.0.0.3:9001"});
    CHECK(addresses_in(second) == texts{"10.0.0.1:9001", "10.0.0.4:9001"});
    CHECK(heard.count() == 2);
    CHECK(source.counters().lists.value() == 2);
    CHECK(source.status().nodes == 2);
}

TEST_CASE("this node knows its own address by name, the others' names it does not know") {
    names dns;
    dns.answer({"10.0.0.1", "10.0.0.2"});
    heard_lists heard;
    dns_membership source(quick(), dns.how());

    source.start(heard.listener());
    const auto found = heard.wait_for(1);
    source.stop();

    REQUIRE(found.size() == 2);
    CHECK(found[0].name == "me");
    CHECK(found[1].name.empty());
}

TEST_CASE("a name that is not known any more leaves the last list in force, and is said") {
    names dns;
    dns.answer({"10.0.0.2"});
    heard_lists heard;
    dns_membership source(quick(), dns.how());

    source.start(heard.listener());
    CHECK(heard.wait_for(1).size() == 1);
    CHECK(source.status().problem.empty());
    dns.answer({});
    CHECK(eventually([&] { return !source.status().problem.empty(); }));
    CHECK(source.status().problem == "the name lode.svc (cluster.dns_name) cannot be resolved");
    CHECK(source.status().nodes == 1);
    CHECK(heard.count() == 1);
    dns.answer({"10.0.0.2"});
    CHECK(eventually([&] { return source.status().problem.empty(); }));
    source.stop();

    CHECK(heard.count() == 1);
    CHECK(source.counters().failures.value() > 0);
}

TEST_CASE("of a name with addresses of both kinds, the kind that this node listens on counts") {
    names dns;
    dns.answer({"10.0.0.1", "10.0.0.2", "[fd00::1]", "[fd00::2]"});
    heard_lists v4;
    dns_membership four(quick(), dns.how());
    four.start(v4.listener());
    CHECK(addresses_in(v4.wait_for(1)) == texts{"10.0.0.1:9001", "10.0.0.2:9001"});
    four.stop();

    heard_lists v6;
    dns_options options = quick();
    options.own_address = "[::]:9001";
    dns_membership six(options, dns.how());
    six.start(v6.listener());
    CHECK(addresses_in(v6.wait_for(1)) == texts{"[fd00::1]:9001", "[fd00::2]:9001"});
    six.stop();

    dns.answer({"[fd00::1]"});
    heard_lists none;
    dns_membership wrong(quick(), dns.how());
    wrong.start(none.listener());
    CHECK(eventually([&] { return wrong.status().problem.contains("listen.peer"); }));
    wrong.stop();
    CHECK(none.count() == 0);
}

TEST_CASE("a name server that does not answer holds up neither the end nor a thread per question") {
    const auto gate = std::make_shared<std::promise<void>>();
    const auto opened = std::make_shared<std::shared_future<void>>(gate->get_future().share());
    const auto asked = std::make_shared<std::atomic<int>>(0);
    name_lookup lookup(
        [opened, asked](const std::string&,
                        std::uint16_t) -> result<std::vector<engine::socket_address>> {
            ++*asked;
            opened->wait();
            return std::vector{*engine::socket_address::parse("10.0.0.1:1")};
        });

    const auto late = lookup.find("x", 1, 20ms, {});
    const auto again = lookup.find("x", 1, 20ms, {});
    std::stop_source stopping;
    stopping.request_stop();
    name_lookup other(
        [opened](const std::string&, std::uint16_t) -> result<std::vector<engine::socket_address>> {
            opened->wait();
            return fail(errc::not_found);
        });
    const auto cancelled = other.find("x", 1, 1h, stopping.get_token());
    gate->set_value();

    CHECK(late.error().code == errc::timed_out);
    CHECK(again.error().code == errc::timed_out);
    CHECK(*asked == 1);
    CHECK(cancelled.error().code == errc::cancelled);
    CHECK(eventually([&] { return lookup.find("x", 1, 1s, {}).has_value(); }));
}

TEST_CASE("a host and a port are taken apart") {
    CHECK(split_host_and_port("a.b:9001").host == "a.b");
    CHECK(split_host_and_port("a.b:9001").port == 9001);
    CHECK(split_host_and_port("[::1]:2").host == "::1");
    CHECK(split_host_and_port("a").port == 0);
    CHECK(split_host_and_port("a:b").port == 0);
}

TEST_CASE("of a node that listens everywhere, the host's addresses with its port are its own") {
    const std::set<std::string, std::less<>> host{"10.0.0.1", "[fd00::1]"};
    CHECK(is_own_address("10.0.0.1:9001", "0.0.0.0:9001", host));
    CHECK(is_own_address("[fd00::1]:9001", "[::]:9001", host));
    CHECK_FALSE(is_own_address("10.0.0.1:9002", "0.0.0.0:9001", host));
    CHECK_FALSE(is_own_address("10.0.0.2:9001", "0.0.0.0:9001", host));
    CHECK(is_own_address("10.0.0.2:9001", "10.0.0.2:9001", host));
    CHECK_FALSE(is_own_address("10.0.0.1:9001", "10.0.0.2:9001", host));
    CHECK(addresses_of_host().contains("127.0.0.1"));
}

}  // namespace lode::cluster
