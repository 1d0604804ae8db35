// frontend/client.h
//
// One client's connection while a request is being answered: where the request is read from, how the
// response goes out, and what is known about both for the log.
//
//   Core      One.
//   Invariants  A response head is sent once per request. After an error that left a response unfinished
//               the connection is not used again.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "engine/runtime/pipe.h"
#include "engine/runtime/stream.h"
#include "frontend/access/passage.h"
#include "frontend/access_log.h"
#include "frontend/http/head_writer.h"
#include "frontend/http/message_reader.h"
#include "frontend/s3/error_xml.h"
#include "frontend/s3/request_class.h"
#include "frontend/sealing/customer_key.h"
#include "frontend/serving.h"

namespace lode::frontend {

struct known_request;

// The request being answered. Views borrow from the connection's reader. One per connection, reused, so
// that its strings keep their memory.
struct request {
    http::request_head head;
    s3::classified what;
    origin::object_name name;                           // where `what` names an object
    std::optional<sealing::customer_key> customer_key;  // whose fingerprint is in the name
    access::passage passage;  // where lode asks in its own name: what `head` borrows from
    std::shared_ptr<const known_request> known;  // which the passage borrows from, if any
    std::string id;
    time_point begun;
    wall_time when;
    origin::asker who = origin::asker::client;
};

[[nodiscard]] inline origin::inquiry inquiry_of(const request& r) {
    return {.head = r.head, .what = r.what, .name = r.name, .who = r.who};
}

class client {
  public:
    client(serving& here, engine::stream& stream, http::message_reader& reader)
        : here_(here), stream_(stream), reader_(reader) {}
    client(const client&) = delete;
    client& operator=(const client&) = delete;

    // For each request: forgets what is known about the one before.
    void begin(const request& r);

    // The connection cannot carry another request after this one; a head sent later says so.
    void close_after() { keep_alive_ = false; }
    [[nodiscard]] bool keeps_alive() const { return keep_alive_; }

    // Starts a head in the connection's buffer. The caller adds fields and ends it with send_head() or
    // hands it to the first body bytes.
    http::head_writer head(unsigned status, std::string_view reason = {});

    // Adds what every response of ours carries, and the empty line. Returns the whole head.
    std::string_view finish_head(http::head_writer& writer);

    // Sends pieces that begin with the head, or follow it; the first of them starts the clock of the log.
    engine::task<result<>> send(std::span<iovec> pieces, bytes body);
    engine::task<result<>> send_head(std::string_view head);

    // Whether bytes may go out from a pipe, and all that one holds.
    [[nodiscard]] bool is_plain() const;
    engine::task<result<>> send(engine::pipe& from);

    // "100 Continue": the client may send its body. Once.
    engine::task<result<>> invite_body();
    [[nodiscard]] bool invited() const { return invited_; }

    // The request's head or body breaks the rules: says which, and ends the connection. Where an answer
    // makes no sense, because the client is gone, only the latter.
    engine::task<void> refuse_unreadable(const request& r, error why);

    // 413: the body is longer than limits.body.
    engine::task<void> refuse_body(const request& r);

    // The origin did not give an answer that could be passed on: says so, if a head can still be sent.
    engine::task<void> refuse(const request& r, error why);

    // The response cannot be finished: nothing more goes out and the connection will be closed.
    void break_off();

    // A complete S3 error. Closes the connection afterwards when the request's body was not read.
    engine::task<result<>> send_error(const request& r, s3::s3_error e,
                                      std::span<const http::header> fields = {},
                                      std::string_view sentence = {});

    void expect_progress() {
        stream_.expire_at(engine::now() + here_.node.settings.limits.body_timeout);
    }

    [[nodiscard]] engine::stream& stream() { return stream_; }
    [[nodiscard]] http::message_reader& reader() { return reader_; }
    [[nodiscard]] bool head_sent() const { return head_sent_; }
    [[nodiscard]] access_record& record() { return record_; }
    // For composing a field; its memory stays with the connection.
    [[nodiscard]] std::string& scratch() { return scratch_; }

  private:
    engine::task<void> refuse_unread(const request& r, unsigned status, s3::s3_error e,
                                     std::string_view sentence);
    engine::task<result<>> send_document(const request& r, unsigned status,
                                         s3::error_document document,
                                         std::span<const http::header> fields);

    serving& here_;
    engine::stream& stream_;
    http::message_reader& reader_;
    std::string head_;
    std::string scratch_;
    bool keep_alive_ = true;
    bool head_sent_ = false;
    bool invited_ = false;
    bool minor_zero_ = false;
    time_point begun_{};
    access_record record_;
};

}  // namespace lode::frontend
