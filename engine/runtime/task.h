// engine/runtime/task.h
//
// task<T>: a computation that can wait. It is lazy (nothing runs before it is awaited), owns its
// coroutine frame, and resumes its awaiter exactly once, by symmetric transfer.
//
//   Core      A task never migrates: it runs where it was first awaited.
//   Memory    The frame comes from coroutine_memory.
//   Errors    Travel as result<T> values. An exception that escapes ends the process.
//   Lifetime  Parameters are copied into the frame; a reference parameter must outlive the await. A
//             capturing lambda must not be a coroutine: its captures die with the lambda.
#pragma once

#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

#include "engine/base/assert.h"
#include "engine/runtime/coroutine_memory.h"

namespace lode::engine {

template <class T>
class task;

namespace detail {

class task_promise_base {
  public:
    static void* operator new(std::size_t size) { return coroutine_memory::take(size); }
    static void operator delete(void* memory, std::size_t size) noexcept {
        coroutine_memory::give_back(memory, size);
    }

    std::suspend_always initial_suspend() noexcept { return {}; }

    struct resume_awaiter {
        bool await_ready() noexcept { return false; }
        template <class Promise>
        std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> finished) noexcept {
            return finished.promise().awaiter_;
        }
        void await_resume() noexcept {}
    };
    resume_awaiter final_suspend() noexcept { return {}; }

    void unhandled_exception() noexcept { std::terminate(); }

    void set_awaiter(std::coroutine_handle<> awaiter) { awaiter_ = awaiter; }

  private:
    std::coroutine_handle<> awaiter_ = std::noop_coroutine();
};

template <class T>
class task_promise : public task_promise_base {
  public:
    task<T> get_return_object();
    template <class U>
    void return_value(U&& value) {
        value_.emplace(std::forward<U>(value));
    }
    T take() {
        LODE_ASSERT(value_.has_value());
        return std::move(*value_);
    }

  private:
    std::optional<T> value_;
};

template <>
class task_promise<void> : public task_promise_base {
  public:
    task<void> get_return_object();
    void return_void() {}
    void take() {}
};

}  // namespace detail

template <class T = void>
class [[nodiscard]] task {
  public:
    using promise_type = detail::task_promise<T>;

    task(task&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
    task& operator=(task&& other) noexcept {
        if (this != &other) {
            if (frame_) frame_.destroy();
            frame_ = std::exchange(other.frame_, nullptr);
        }
        return *this;
    }
    task(const task&) = delete;
    task& operator=(const task&) = delete;
    ~task() {
        if (frame_) frame_.destroy();
    }

    auto operator co_await() && noexcept {
        struct awaiter {
            std::coroutine_handle<promise_type> frame;

            bool await_ready() noexcept { return false; }
            std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiting) noexcept {
                frame.promise().set_awaiter(awaiting);
                return frame;
            }
            T await_resume() { return frame.promise().take(); }
        };
        LODE_ASSERT(frame_);
        return awaiter{frame_};
    }

  private:
    friend promise_type;
    explicit task(std::coroutine_handle<promise_type> frame) : frame_(frame) {}

    std::coroutine_handle<promise_type> frame_;
};

namespace detail {

template <class T>
task<T> task_promise<T>::get_return_object() {
    return task<T>(std::coroutine_handle<task_promise>::from_promise(*this));
}

inline task<void> task_promise<void>::get_return_object() {
    return task<void>(std::coroutine_handle<task_promise>::from_promise(*this));
}

// A coroutine that starts at once, belongs to nobody and frees itself at its end.
struct detached {
    struct promise_type {
        static void* operator new(std::size_t size) { return coroutine_memory::take(size); }
        static void operator delete(void* memory, std::size_t size) noexcept {
            coroutine_memory::give_back(memory, size);
        }
        detached get_return_object() { return {}; }
        std::suspend_never initial_suspend() noexcept { return {}; }
        std::suspend_never final_suspend() noexcept { return {}; }
        void return_void() {}
        void unhandled_exception() noexcept { std::terminate(); }
    };
};

}  // namespace detail
}  // namespace lode::engine
