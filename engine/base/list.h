// engine/base/list.h
//
// An intrusive doubly linked list: the links live in the elements, so that an LRU move or a waiter
// costs no allocation. An element is in at most one list per hook and unlinks itself when
// destroyed.
#pragma once

#include "engine/base/assert.h"

namespace lode {

template <class Tag = void>
class list_hook {
  public:
    list_hook() = default;
    ~list_hook() { unlink(); }
    list_hook(const list_hook&) = delete;
    list_hook& operator=(const list_hook&) = delete;

    [[nodiscard]] bool linked() const { return next_ != nullptr; }

    void unlink() {
        if (!linked()) return;
        prev_->next_ = next_;
        next_->prev_ = prev_;
        next_ = prev_ = nullptr;
    }

  private:
    template <class T, class U>
    friend class list;

    list_hook* next_ = nullptr;
    list_hook* prev_ = nullptr;
};

// T derives from list_hook<Tag>.
template <class T, class Tag = void>
class list {
    using hook = list_hook<Tag>;

  public:
    list() { root_.next_ = root_.prev_ = &root_; }
    ~list() {
        clear();
        root_.next_ = root_.prev_ = nullptr;
    }
    list(const list&) = delete;
    list& operator=(const list&) = delete;

    [[nodiscard]] bool empty() const { return root_.next_ == &root_; }

    void push_back(T& element) { insert_before(root_, element); }
    void push_front(T& element) { insert_before(*root_.next_, element); }
    void move_to_back(T& element) {
        static_cast<hook&>(element).unlink();
        push_back(element);
    }

    [[nodiscard]] T& front() { return LODE_ASSERT(!empty()), element_of(root_.next_); }
    [[nodiscard]] T& back() { return LODE_ASSERT(!empty()), element_of(root_.prev_); }

    T& pop_front() {
        T& element = front();
        static_cast<hook&>(element).unlink();
        return element;
    }

    // The element after this one, or null at the end.
    [[nodiscard]] T* next_of(T& element) {
        hook* next = static_cast<hook&>(element).next_;
        return next == &root_ ? nullptr : &element_of(next);
    }

    void clear() {
        while (!empty()) pop_front();
    }

  private:
    static T& element_of(hook* h) { return static_cast<T&>(*h); }

    void insert_before(hook& place, T& element) {
        hook& h = element;
        LODE_ASSERT(!h.linked());
        h.prev_ = place.prev_;
        h.next_ = &place;
        place.prev_->next_ = &h;
        place.prev_ = &h;
    }

    hook root_;
};

}  // namespace lode
