// tools/lode-origin/operations/store_upload.h
//
// What all operations that store have in common: take a checked body into a temporary file, then
// make it visible on the key's home core if the request's conditions still hold there.
#pragma once

#include <expected>
#include <string>

#include "tools/lode-origin/call.h"
#include "tools/lode-origin/upload_body.h"

namespace lode::dev_origin {

// A body that has been taken in whole: every digest and signature was right.
struct received_upload {
    object_writer writer;
    std::string md5;  // raw
    header_list checksums;
};
engine::task<std::expected<received_upload, refusal>> receive_upload(call& c);

// Conditions of a write (If-Match, If-None-Match) against the current version.
[[nodiscard]] outcome check_write_conditions(const call& c, const object_record* current);

// The same early, so that a body which will be refused is not read.
[[nodiscard]] outcome check_target(const call& c);

// Finishes the file with `record` and publishes it as c.where.
engine::task<outcome> publish(call& c, object_writer& writer, const object_record& record);

}  // namespace lode::dev_origin
