// engine/runtime/remote.h
//
// Work on another core. `co_await on_core(c, f)` runs f there and brings its answer back; f may
// return a plain value or a task. remote<T> names an object that lives on another core: it has no
// operator->, because work travels and pointers do not.
//
//   Core      Called on any core; f runs on `c`; the caller goes on where it was. On the own core,
//             or where there are no cores (the simulator), f runs at once.
//   Memory    None but f's own coroutine: the message lives in the caller's frame.
//   Lifetime  f must not capture anything that the caller may destroy before the answer. A core
//             whose main task has ended answers nobody: end users of a core before the core.
#pragma once

#include <coroutine>
#include <optional>
#include <type_traits>
#include <utility>

#include "engine/runtime/core.h"
#include "engine/runtime/task.h"

namespace lode::engine {

namespace detail {

template <class T>
struct task_value {
    using type = T;
    static constexpr bool is_task = false;
};
template <class T>
struct task_value<task<T>> {
    using type = T;
    static constexpr bool is_task = true;
};

template <class F>
class remote_call {
    using returned = std::invoke_result_t<F&>;
    using value = typename task_value<returned>::type;
    static constexpr bool is_task = task_value<returned>::is_task;
    struct nothing {};
    using stored = std::conditional_t<std::is_void_v<value>, nothing, value>;

  public:
    remote_call(core_id target, F work) : target_(target), work_(std::move(work)) {}
    remote_call(const remote_call&) = delete;
    remote_call& operator=(const remote_call&) = delete;

    bool await_ready() const noexcept { return false; }

    void await_suspend(std::coroutine_handle<> h) {
        waiter_ = h;
        core* here = core::current_or_null();
        if (here == nullptr || here->self() == target_) {
            local_ = true;
            start();
            return;
        }
        from_ = here->self();
        here->mailbox().post(target_, {.run = &arrive, .object = this, .argument = 0});
    }

    value await_resume() {
        if constexpr (!std::is_void_v<value>) return std::move(*answer_);
    }

  private:
    static void arrive(void* self, std::uint64_t) { static_cast<remote_call*>(self)->start(); }

    static void come_back(void* self, std::uint64_t) {
        scheduler::current().post(static_cast<remote_call*>(self)->waiter_);
    }

    void start() {
        if constexpr (is_task) {
            drive(*this, work_());
        } else {
            if constexpr (std::is_void_v<value>) {
                work_();
                answer_.emplace();
            } else {
                answer_.emplace(work_());
            }
            finish();
        }
    }

    static detached drive(remote_call& self, task<value> given) {
        {
            // Freed at the end of this block, on the core that made it, before the caller goes on.
            task<value> work = std::move(given);
            if constexpr (std::is_void_v<value>) {
                co_await std::move(work);
                self.answer_.emplace();
            } else {
                self.answer_.emplace(co_await std::move(work));
            }
        }
        self.finish();
    }

    void finish() {
        if (local_) {
            scheduler::current().post(waiter_);
            return;
        }
        core::current().mailbox().post(from_, {.run = &come_back, .object = this, .argument = 0});
    }

    core_id target_;
    core_id from_;
    bool local_ = false;
    F work_;
    std::optional<stored> answer_;
    std::coroutine_handle<> waiter_;
};

}  // namespace detail

template <class F>
[[nodiscard]] detail::remote_call<F> on_core(core_id target, F work) {
    return {target, std::move(work)};
}

// Runs `run(object, argument)` on `target` and does not wait; in order with other messages to it.
inline void post_to(core_id target, message m) {
    core* here = core::current_or_null();
    if (here == nullptr || here->self() == target) {
        m.run(m.object, m.argument);
    } else {
        here->mailbox().post(target, m);
    }
}

template <class T>
class remote {
  public:
    remote() = default;
    remote(core_id home, T& object) : home_(home), object_(&object) {}

    [[nodiscard]] core_id home() const { return home_; }

    // co_await somewhere.call([](T& there) { return there.f(); });
    template <class F>
    [[nodiscard]] auto call(F work) const {
        auto bound = [object = object_, work = std::move(work)]() mutable { return work(*object); };
        return on_core(home_, std::move(bound));
    }

    // The object itself, only on its own core.
    [[nodiscard]] T* if_local() const {
        core* here = core::current_or_null();
        return here == nullptr || here->self() == home_ ? object_ : nullptr;
    }

  private:
    core_id home_;
    T* object_ = nullptr;
};

}  // namespace lode::engine
