#include "frontend/peer/object_fields.h"

namespace lode::frontend::peer {
namespace {

constexpr std::size_t bucket_max = 255;
constexpr std::size_t key_max = 1024;
constexpr std::size_t version_max = 1024;
constexpr std::size_t etag_max = 256;

}  // namespace

bool fits(const named_content& c) {
    return c.name.bucket.size() <= bucket_max && c.name.key.size() <= key_max &&
           c.name.version_id.size() <= version_max && c.stored_version.size() <= version_max &&
           c.etag.size() <= etag_max;
}

void write_content(field_writer& fields, const named_content& c) {
    fields.add("bucket", c.name.bucket)
        .add("key", c.name.key)
        .add_some("version", c.name.version_id)
        .add_some("stored", c.stored_version)
        .add("etag", c.etag);
}

void read_content(field_reader& fields, origin::object_name& name, std::string& stored_version,
                  std::string& etag) {
    using enum field_reader::may_be;
    name.bucket = fields.text("bucket", bucket_max);
    name.key = fields.raw_text("key", key_max);
    name.version_id = fields.text("version", version_max, empty);
    stored_version = fields.text("stored", version_max, empty);
    etag = fields.text("etag", etag_max);
}

}  // namespace lode::frontend::peer
