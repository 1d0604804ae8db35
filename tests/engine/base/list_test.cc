#include "engine/base/list.h"

#include <vector>

#include "tests/catch.h"

using namespace lode;

namespace {

struct item : list_hook<> {
    explicit item(int v) : value(v) {}
    int value;
};

std::vector<int> values(list<item>& l) {
    std::vector<int> out;
    if (l.empty()) return out;
    for (item* i = &l.front(); i != nullptr; i = l.next_of(*i)) out.push_back(i->value);
    return out;
}

}  // namespace

TEST_CASE("a list keeps the order in which elements were pushed") {
    item a(1);
    item b(2);
    item c(3);
    list<item> l;

    l.push_back(b);
    l.push_back(c);
    l.push_front(a);

    CHECK(values(l) == std::vector{1, 2, 3});
    CHECK(l.pop_front().value == 1);
    CHECK(!a.linked());
}

TEST_CASE("moving an element to the back makes it the youngest") {
    item a(1);
    item b(2);
    list<item> l;
    l.push_back(a);
    l.push_back(b);

    l.move_to_back(a);

    CHECK(values(l) == std::vector{2, 1});
}

TEST_CASE("an element that is destroyed leaves its list") {
    list<item> l;
    item a(1);
    {
        item b(2);
        l.push_back(a);
        l.push_back(b);
    }
    CHECK(values(l) == std::vector{1});
}

TEST_CASE("elements outlive their list") {
    item a(1);
    {
        list<item> l;
        l.push_back(a);
    }
    CHECK(!a.linked());
}
