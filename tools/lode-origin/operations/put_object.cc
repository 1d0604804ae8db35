// PutObject.

#include "frontend/s3/etag.h"
#include "tools/lode-origin/customer_key.h"
#include "tools/lode-origin/operations/store_upload.h"

namespace lode::dev_origin {

engine::task<outcome> put_object(call& c) {
    auto kept = storable_headers(c.head.headers, customer_keys::handled);
    if (!kept) co_return std::unexpected(kept.error());
    const auto key = customer_key_of(c);
    if (!key) co_return std::unexpected(key.error());
    if (auto allowed = check_target(c); !allowed) co_return allowed;

    auto upload = co_await receive_upload(c);
    if (!upload) co_return std::unexpected(upload.error());
    object_record record{.key = c.where.key,
                         .etag = to_hex(upload->md5),
                         .size = upload->writer.written(),
                         .modified = wall_seconds(),
                         .owner = c.owner_name(),
                         .incarnation = random_name(),
                         .headers = std::move(*kept)};
    if (*key) record.lock = (*key)->new_lock();
    for (const stored_header& h : upload->checksums) record.headers.push_back(h);
    if (auto done = co_await publish(c, upload->writer, record); !done) co_return done;

    header_list headers = upload->checksums;
    headers.push_back({"ETag", s3::quoted(record.etag)});
    if (*key) (*key)->append_headers_to(headers);
    co_await c.answer.answer(200, std::move(headers));
    co_return outcome{};
}

}  // namespace lode::dev_origin
