#include "tools/lode-origin/xml.h"

#include <charconv>

#include <pugixml.hpp>

#include "engine/base/assert.h"
#include "frontend/s3/error_xml.h"
#include "frontend/s3/percent.h"
#include "tools/lode-origin/operation.h"

namespace lode::dev_origin {
namespace {

namespace s3 = frontend::s3;

constexpr std::size_t parts_max = 10'000;
constexpr std::size_t keys_max = 1'000;
constexpr std::size_t tags_max = 10;
constexpr std::size_t tag_key_length_max = 128;
constexpr std::size_t tag_value_length_max = 256;

// Clients write names with and without a prefix.
std::string_view local_name(const pugi::xml_node& node) {
    const std::string_view name = node.name();
    const auto colon = name.find(':');
    return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

pugi::xml_node child(const pugi::xml_node& parent, std::string_view name) {
    return parent.find_child([&](const pugi::xml_node& n) { return local_name(n) == name; });
}

result<pugi::xml_node> parse_root(pugi::xml_document& document, std::string_view body,
                                  std::string_view root_name) {
    // Keys may consist of white space, which pugixml drops by default.
    constexpr unsigned options = pugi::parse_default | pugi::parse_ws_pcdata_single;
    if (body.size() > xml_body_length_max) return fail(errc::too_large);
    const auto parsed = document.load_buffer(body.data(), body.size(), options);
    if (!parsed) return fail(errc::protocol);
    const pugi::xml_node root = document.document_element();
    if (local_name(root) != root_name) return fail(errc::protocol);
    return root;
}

result<> check_tags(const std::vector<tag>& tags) {
    if (tags.size() > tags_max) return fail(errc::too_large);
    for (const tag& t : tags) {
        if (t.key.empty() || t.key.size() > tag_key_length_max ||
            t.value.size() > tag_value_length_max) {
            return fail(errc::protocol);
        }
    }
    return {};
}

}  // namespace

xml_writer::xml_writer(std::string_view root)
    : out_(R"(<?xml version="1.0" encoding="UTF-8"?>)"
           "\n<") {
    out_.append(root).append(R"( xmlns="http://s3.amazonaws.com/doc/2006-03-01/">)");
    open_.emplace_back(root);
}

xml_writer& xml_writer::open(std::string_view name) {
    out_.append("<").append(name).append(">");
    open_.emplace_back(name);
    return *this;
}

xml_writer& xml_writer::close() {
    LODE_ASSERT(!open_.empty());
    out_.append("</").append(open_.back()).append(">");
    open_.pop_back();
    return *this;
}

xml_writer& xml_writer::element(std::string_view name, std::string_view text) {
    out_.append("<").append(name).append(">");
    s3::append_xml_escaped(text, out_);
    out_.append("</").append(name).append(">");
    return *this;
}

xml_writer& xml_writer::element(std::string_view name, std::uint64_t number) {
    return element(name, std::string_view(std::to_string(number)));
}

xml_writer& xml_writer::empty(std::string_view name) {
    out_.append("<").append(name).append("/>");
    return *this;
}

std::string xml_writer::finish() {
    while (!open_.empty()) close();
    return std::move(out_);
}

result<std::vector<listed_part>> parse_complete_upload(std::string_view body) {
    pugi::xml_document document;
    const auto root = parse_root(document, body, "CompleteMultipartUpload");
    if (!root) return std::unexpected(root.error());
    std::vector<listed_part> parts;
    for (const pugi::xml_node node : root->children()) {
        if (local_name(node) != "Part") continue;
        if (parts.size() == parts_max) return fail(errc::too_large);
        const std::string_view number = child(node, "PartNumber").child_value();
        listed_part part{.etag = child(node, "ETag").child_value()};
        const auto [end, failed] =
            std::from_chars(number.data(), number.data() + number.size(), part.number);
        if (failed != std::errc() || end != number.data() + number.size() || part.etag.empty()) {
            return fail(errc::protocol);
        }
        parts.push_back(std::move(part));
    }
    if (parts.empty()) return fail(errc::protocol);
    return parts;
}

result<deletion> parse_delete(std::string_view body) {
    pugi::xml_document document;
    const auto root = parse_root(document, body, "Delete");
    if (!root) return std::unexpected(root.error());
    deletion wanted;
    for (const pugi::xml_node node : root->children()) {
        if (local_name(node) == "Quiet" && std::string_view(node.child_value()) == "true") {
            wanted.report = deletion::reporting::quiet;
        }
        if (local_name(node) != "Object") continue;
        if (wanted.keys.size() == keys_max) return fail(errc::too_large);
        const std::string_view version = child(node, "VersionId").child_value();
        std::string key = child(node, "Key").child_value();
        if (key.empty() || !(version.empty() || version == "null")) return fail(errc::protocol);
        wanted.keys.push_back(std::move(key));
    }
    if (wanted.keys.empty()) return fail(errc::protocol);
    return wanted;
}

result<std::vector<tag>> parse_tagging(std::string_view body) {
    pugi::xml_document document;
    const auto root = parse_root(document, body, "Tagging");
    if (!root) return std::unexpected(root.error());
    const pugi::xml_node set = child(*root, "TagSet");
    if (!set) return fail(errc::protocol);
    std::vector<tag> tags;
    for (const pugi::xml_node node : set.children()) {
        if (local_name(node) != "Tag") continue;
        tags.push_back(
            {.key = child(node, "Key").child_value(), .value = child(node, "Value").child_value()});
    }
    if (auto checked = check_tags(tags); !checked) return std::unexpected(checked.error());
    return tags;
}

std::string tags_to_query(const std::vector<tag>& tags) {
    std::string text;
    for (const tag& t : tags) {
        if (!text.empty()) text += '&';
        s3::percent_encode(t.key, s3::slash::encode, text);
        text += '=';
        s3::percent_encode(t.value, s3::slash::encode, text);
    }
    return text;
}

result<std::vector<tag>> tags_from_query(std::string_view text) {
    auto parsed = parse_query(text);
    if (!parsed) return std::unexpected(parsed.error());
    std::vector<tag> tags;
    for (parameter& p : *parsed) {
        tags.push_back({.key = std::move(p.name), .value = std::move(p.value)});
    }
    if (auto checked = check_tags(tags); !checked) return std::unexpected(checked.error());
    return tags;
}

}  // namespace lode::dev_origin
