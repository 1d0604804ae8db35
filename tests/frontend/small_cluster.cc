#include "tests/frontend/small_cluster.h"

#include <algorithm>
#include <charconv>
#include <numeric>

#include "engine/base/log.h"
#include "frontend/origin/object_version.h"

namespace lode::frontend {
namespace {

using engine::task;

constexpr std::string_view gateway_url = "http://origin:80";

std::string address_of(std::size_t node) { return "10.0.0." + std::to_string(node + 1) + ":9001"; }

std::size_t number_of(std::string_view address) {
    const auto dot = address.rfind('.') + 1;
    std::size_t number = 0;
    std::from_chars(address.data() + dot, address.data() + address.size(), number);
    return number - 1;
}

cluster::view_ptr view_of(const std::vector<std::size_t>& members, std::size_t self) {
    std::vector<cluster::member> all;
    for (const std::size_t m : members) all.push_back(small_cluster::member_of(m));
    return std::make_shared<const cluster::view>(std::move(all), small_cluster::name_of(self));
}

origin::part_layout layout_of(const stored_object& object) {
    if (object.parts.empty()) return origin::part_layout::whole(bytes(object.body.size()));
    std::vector<bytes> lengths;
    for (const std::size_t p : object.parts) lengths.emplace_back(p);
    auto layout = origin::part_layout::of_lengths(lengths);
    LODE_ASSERT(layout.has_value());
    return *layout;
}

task<void> ask_later(small_cluster& all, small_cluster::asking q, std::string& answer) {
    co_await engine::sleep_for(q.after);
    co_await all.node(q.node).talk(request_text("GET", q.target, q.lines), answer);
}

task<void> ask_all(small_cluster& all, const std::vector<small_cluster::asking>& questions,
                   std::vector<std::string>& answers, task<void> meanwhile) {
    engine::scope clients;
    clients.spawn(std::move(meanwhile));
    for (std::size_t i = 0; i < questions.size(); ++i) {
        const small_cluster::asking& q = questions[i];
        clients.spawn(ask_later(all, q, answers[i]));
    }
    co_await clients.close();
}

task<void> pass_time(duration time) { co_await engine::sleep_for(time); }

// What is thought of peers that tests spoil is of no interest.
const bool quiet = (log::set_level(log::level::failure), true);

}  // namespace

small_cluster::small_cluster(std::size_t nodes) : small_cluster(nodes, options()) {}

small_cluster::small_cluster(std::size_t nodes, options o)
    : world_(o.seed), options_(std::move(o)) {
    LODE_ASSERT(quiet);
    for (std::size_t n = 0; n < nodes; ++n) {
        places_.push_back(std::make_unique<place>());
        place& p = *places_.back();
        p.all = this;
        p.number = n;
        p.members.resize(nodes);
        std::iota(p.members.begin(), p.members.end(), 0);
        p.ways = std::vector<peer_way>(nodes);
        for (peer_way& w : p.ways) w.wire = options_.wire;
    }
    run(begin_all());
    rest();
}

small_cluster::~small_cluster() {
    if (!ended_) run(end_all());
}

std::string small_cluster::name_of(std::size_t node) {
    return std::string(1, static_cast<char>('a' + node));
}

cluster::member small_cluster::member_of(std::size_t node) {
    return {.name = name_of(node),
            .address = address_of(node),
            .capacity = bytes(1ULL << 30U),
            .slots = {{.first = static_cast<std::uint32_t>(node), .count = 1}}};
}

peer::secret_ptr small_cluster::secret() {
    static const auto known = std::make_shared<const peer::secret>("what the cluster knows");
    return known;
}

peer::peer_node& small_cluster::seen(std::size_t by, std::size_t of) {
    return *cluster(by).peers.all().at(name_of(of));
}

peer_way& small_cluster::way(std::size_t from, std::size_t to) { return places_[from]->ways[to]; }

void small_cluster::spoil(std::size_t to, const std::function<void(peer_way&)>& how) {
    for (auto& p : places_) how(p->ways[to]);
}

void small_cluster::publish(std::size_t node, const std::vector<std::size_t>& members) {
    places_[node]->members = members;
    if (is_up(node)) cluster(node).peers.use(view_of(members, node));
}

bool small_cluster::place::listens() const { return number == all->options_.impostor_at || open; }

void small_cluster::place::accept(std::unique_ptr<engine::stream> from) {
    if (number == all->options_.impostor_at) {
        all->impostors_.spawn(all->options_.impostor(std::move(from)));
    } else {
        node->let_in(std::move(from));
    }
}

void small_cluster::make(std::size_t n) {
    place& here = *places_[n];
    small_node::options o{.name = name_of(n),
                          .config = options_.config,
                          .identity = own_identity,
                          .memory = options_.memory,
                          .wire = options_.wire,
                          .to_origin = &here.to_origin};
    if (options_.adjust_node) options_.adjust_node(n, o);
    here.node = std::make_unique<small_node>(*this, std::move(o));
}

task<void> small_cluster::begin(std::size_t n) {
    make(n);
    co_await node(n).start();
    clustering::options o{.cluster = "lode",
                          .secret = secret(),
                          .self = member_of(n),
                          .pool = {.connections = 128,
                                   .idle = std::chrono::seconds(45),
                                   .connect_timeout = std::chrono::seconds(1),
                                   .limits = peer::wire_limits}};
    if (options_.adjust_peers) options_.adjust_peers(n, o);
    node(n).join(o, [this, n](const std::string& address) {
        const std::size_t to = number_of(address);
        return dial_over(way(n, to), *places_[to]);
    });
    places_[n]->open = true;
    publish(n, places_[n]->members);
}

task<void> small_cluster::end(std::size_t n) {
    place& here = *places_[n];
    LODE_ASSERT(here.open);
    here.open = false;
    for (auto& p : places_) p->ways[n].reset();
    for (peer_way& w : here.ways) w.reset();
    co_await here.node->stop();
    here.node.reset();
}

task<void> small_cluster::begin_all() {
    for (std::size_t n = 0; n < size(); ++n) co_await begin(n);
}

task<void> small_cluster::end_all() {
    ended_ = true;
    for (std::size_t n = 0; n < size(); ++n) {
        if (is_up(n)) co_await end(n);
    }
    co_await impostors_.close();
    co_await small_origin::end();
}

std::string small_cluster::get(std::size_t node, std::string_view target, std::string_view lines) {
    return get_all({{.node = node, .target = std::string(target), .lines = std::string(lines)}})
        .front();
}

std::vector<std::string> small_cluster::get_all(const std::vector<asking>& questions) {
    return get_all(questions, pass_time(duration::zero()));
}

std::vector<std::string> small_cluster::get_all(const std::vector<asking>& questions,
                                                task<void> meanwhile) {
    std::vector<std::string> answers(questions.size());
    run(ask_all(*this, questions, answers, std::move(meanwhile)));
    return answers;
}

hash128 small_cluster::id_of(const std::string& target, std::uint32_t part) const {
    const stored_object& object = objects.at(target);
    const auto slash = target.find('/', 1);
    const origin::object_name name{.bucket = target.substr(1, slash - 1),
                                   .key = target.substr(slash + 1)};
    origin::object_version version{.etag = object.etag, .size = bytes(object.body.size())};
    version.identity = origin::identity_of(gateway_url, name, object.etag, "", version.size);
    version.layout = layout_of(object);
    return version.part(part).id;
}

std::vector<std::size_t> small_cluster::candidates_of(const std::string& target,
                                                      std::uint32_t part) const {
    std::vector<std::size_t> everybody(size());
    std::iota(everybody.begin(), everybody.end(), 0);
    const auto view = view_of(everybody, 0);
    std::vector<std::size_t> found;
    for (const cluster::member_index who : view->candidates_of(id_of(target, part), 8)) {
        found.push_back(number_of((*view)[who].address));
    }
    return found;
}

std::string small_cluster::put_at(std::size_t owner, stored_object object) {
    for (std::size_t n = 0;; ++n) {
        std::string target = "/data/k" + std::to_string(n);
        if (objects.contains(target)) continue;
        objects[target] = object;
        if (candidates_of(target).front() == owner) return target;
        objects.erase(target);
    }
}

std::size_t small_cluster::fetched() const {
    std::size_t sum = 0;
    for (const origin_request& r : asked) {
        if (r.header("range") != "bytes=0-0") sum += r.body_out;
    }
    return sum;
}

void small_cluster::run(task<void> work) {
    const bool done = try_run(std::move(work));
    LODE_ASSERT(done);
}

bool small_cluster::try_run(task<void> work, std::uint64_t steps_max) {
    return world_.run(std::move(work), steps_max) == engine::simulation::outcome::finished;
}

void small_cluster::rest(duration time) { run(pass_time(time)); }

std::vector<small_cluster::asking> from_everywhere(const small_cluster& world, std::size_t each,
                                                   const std::string& target) {
    std::vector<small_cluster::asking> all;
    for (std::size_t n = 0; n < world.size() * each; ++n) {
        all.push_back({.node = n % world.size(), .target = target});
    }
    return all;
}

stored_object in_parts(std::size_t parts, std::size_t length) {
    stored_object object{.etag =
                             "\"0123456789abcdef0123456789abcdef-" + std::to_string(parts) + "\""};
    std::size_t size = 0;
    for (std::size_t n = 0; n < parts; ++n) {
        object.parts.push_back(length + n % 3);
        size += object.parts.back();
    }
    object.body = content(size);
    return object;
}

std::string range_line(std::size_t first, std::size_t last) {
    return "Range: bytes=" + std::to_string(first) + "-" + std::to_string(last) + "\r\n";
}

}  // namespace lode::frontend
