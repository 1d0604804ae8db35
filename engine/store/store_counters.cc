#include "engine/store/store_counters.h"

namespace lode::engine {

void store_stats::add(const store_counters& of_one_core) {
#define LODE_STORE_SUM(name, kind, family, help) name += of_one_core.name.value();
    LODE_STORE_COUNTERS(LODE_STORE_SUM)
#undef LODE_STORE_SUM
}

void store_stats::describe(metrics_page& page) const {
#define LODE_STORE_LINE(name, kind_of_metric, family, help) \
    page.add(metrics_page::kind::kind_of_metric, family, help, name);
    LODE_STORE_COUNTERS(LODE_STORE_LINE)
#undef LODE_STORE_LINE
}

}  // namespace lode::engine
