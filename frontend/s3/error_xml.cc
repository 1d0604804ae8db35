#include "frontend/s3/error_xml.h"

#include "engine/base/assert.h"
#include "frontend/s3/utf8.h"

namespace lode::frontend::s3 {
namespace {

// The bytes of the UTF-8 sequence that `text` begins with, if XML 1.0 may carry its character; else 0.
std::size_t xml_character_length(std::string_view text);

void append_element(std::string_view name, std::string_view value, std::string& out) {
    out.append("<").append(name).append(">");
    append_xml_escaped(value, out);
    out.append("</").append(name).append(">");
}

}  // namespace

std::string render_error_xml(const error_document& document) {
    const s3_error_description what = describe(document.error);
    std::string out = R"(<?xml version="1.0" encoding="UTF-8"?>)";
    out += "<Error>";
    append_element("Code", what.code, out);
    append_element("Message", document.message.empty() ? what.message : document.message, out);
    append_element("Resource", document.resource, out);
    append_element("RequestId", document.request_id, out);
    out += "</Error>";
    return out;
}

s3_error s3_error_of(error e) {
    switch (e.code) {
        case errc::io:
        case errc::corrupt: return s3_error::internal_error;
        // The client's own violations are answered where they are parsed; this is the origin's.
        case errc::protocol: return s3_error::bad_gateway;
        case errc::too_large: return s3_error::entity_too_large;
        case errc::invalid: return s3_error::invalid_request;
        case errc::not_found: return s3_error::no_such_key;
        case errc::overloaded: return s3_error::slow_down;
        case errc::denied: return s3_error::access_denied;
        // The client set no condition, so 412 would surprise it; asking again gets the new version.
        case errc::changed:
        case errc::closed:
        case errc::timed_out:
        case errc::cancelled:
        case errc::no_space:
        case errc::unavailable: return s3_error::service_unavailable;
    }
    LODE_ASSERT(!"an error code without an S3 error");
}

std::optional<std::chrono::seconds> retry_after(s3_error e) {
    if (e == s3_error::slow_down || e == s3_error::service_unavailable) {
        return std::chrono::seconds(1);
    }
    return std::nullopt;
}

// Codes, statuses and sentences follow the S3 API reference ("Error responses").
s3_error_description describe(s3_error e) {
    switch (e) {
        case s3_error::access_denied: return {"AccessDenied", 403, "Access Denied"};
        case s3_error::authorization_header_malformed:
            return {"AuthorizationHeaderMalformed", 400,
                    "The authorization header that you provided is not valid."};
        case s3_error::authorization_query_parameters_error:
            return {"AuthorizationQueryParametersError", 400,
                    "The authorization query parameters that you provided are not valid."};
        case s3_error::bad_digest:
            return {"BadDigest", 400,
                    "The Content-MD5 or checksum value that you specified did not match what the "
                    "server received."};
        case s3_error::bad_gateway:
            return {"BadGateway", 502, "The object store gave an answer that cannot be read."};
        case s3_error::bucket_already_exists:
            return {"BucketAlreadyExists", 409,
                    "The requested bucket name is not available. Select a different name and try "
                    "again."};
        case s3_error::bucket_already_owned_by_you:
            return {"BucketAlreadyOwnedByYou", 409,
                    "The bucket that you tried to create already exists, and you own it."};
        case s3_error::bucket_not_empty:
            return {"BucketNotEmpty", 409, "The bucket that you tried to delete is not empty."};
        case s3_error::entity_too_large:
            return {"EntityTooLarge", 400,
                    "Your proposed upload exceeds the maximum allowed object size."};
        case s3_error::entity_too_small:
            return {"EntityTooSmall", 400,
                    "Your proposed upload is smaller than the minimum allowed object size."};
        case s3_error::expired_token:
            return {"ExpiredToken", 400, "The provided token has expired."};
        case s3_error::incomplete_body:
            return {"IncompleteBody", 400,
                    "You did not provide the number of bytes specified by the Content-Length HTTP "
                    "header."};
        case s3_error::internal_error:
            return {"InternalError", 500, "An internal error occurred. Try again."};
        case s3_error::invalid_access_key_id:
            return {"InvalidAccessKeyId", 403,
                    "The access key ID that you provided does not exist in our records."};
        case s3_error::invalid_argument: return {"InvalidArgument", 400, "Invalid Argument"};
        case s3_error::invalid_bucket_name:
            return {"InvalidBucketName", 400, "The specified bucket is not valid."};
        case s3_error::invalid_digest:
            return {"InvalidDigest", 400,
                    "The Content-MD5 or checksum value that you specified is not valid."};
        case s3_error::invalid_part:
            return {"InvalidPart", 400,
                    "One or more of the specified parts could not be found. The part might not "
                    "have been uploaded, or the specified entity tag might not have matched the "
                    "part's entity tag."};
        case s3_error::invalid_part_order:
            return {"InvalidPartOrder", 400,
                    "The list of parts was not in ascending order. The parts list must be "
                    "specified in order by part number."};
        case s3_error::invalid_range:
            return {"InvalidRange", 416, "The requested range is not satisfiable"};
        case s3_error::invalid_request: return {"InvalidRequest", 400, "Invalid Request"};
        case s3_error::invalid_uri:
            return {"InvalidURI", 400, "The specified URI couldn't be parsed."};
        case s3_error::key_too_long: return {"KeyTooLongError", 400, "Your key is too long."};
        case s3_error::malformed_xml:
            return {"MalformedXML", 400,
                    "The XML that you provided was not well formed or did not validate against our "
                    "published schema."};
        case s3_error::method_not_allowed:
            return {"MethodNotAllowed", 405,
                    "The specified method is not allowed against this resource."};
        case s3_error::missing_content_length:
            return {"MissingContentLength", 411,
                    "You must provide the Content-Length HTTP header."};
        case s3_error::no_such_bucket:
            return {"NoSuchBucket", 404, "The specified bucket does not exist."};
        case s3_error::no_such_key: return {"NoSuchKey", 404, "The specified key does not exist."};
        case s3_error::no_such_upload:
            return {"NoSuchUpload", 404,
                    "The specified multipart upload does not exist. The upload ID might not be "
                    "valid, or the multipart upload might have been aborted or completed."};
        case s3_error::no_such_version:
            return {"NoSuchVersion", 404,
                    "The version ID specified in the request does not match an existing version."};
        case s3_error::not_implemented:
            return {"NotImplemented", 501,
                    "A header that you provided implies functionality that is not implemented."};
        case s3_error::precondition_failed:
            return {"PreconditionFailed", 412,
                    "At least one of the preconditions that you specified did not hold."};
        case s3_error::request_header_section_too_large:
            return {"RequestHeaderSectionTooLarge", 431,
                    "Your request header section exceeds the maximum allowed size."};
        case s3_error::request_time_too_skewed:
            return {"RequestTimeTooSkewed", 403,
                    "The difference between the request time and the server's time is too large."};
        case s3_error::request_timeout:
            return {"RequestTimeout", 400,
                    "Your socket connection to the server was not read from or written to within "
                    "the timeout period."};
        case s3_error::service_unavailable:
            return {"ServiceUnavailable", 503, "Service is unable to handle request."};
        case s3_error::signature_does_not_match:
            return {"SignatureDoesNotMatch", 403,
                    "The request signature that the server calculated does not match the signature "
                    "that you provided. Check your secret access key and signing method."};
        case s3_error::slow_down: return {"SlowDown", 503, "Please reduce your request rate."};
        case s3_error::uri_too_long:
            return {"URITooLong", 414, "The request URI exceeds the maximum allowed length."};
        case s3_error::x_amz_content_sha256_mismatch:
            return {"XAmzContentSHA256Mismatch", 400,
                    "The provided 'x-amz-content-sha256' header does not match what was computed."};
    }
    LODE_ASSERT(!"an S3 error without a description");
}

void append_xml_escaped(std::string_view text, std::string& out) {
    constexpr std::string_view replacement_character = "\xEF\xBF\xBD";
    while (!text.empty()) {
        std::size_t length = 1;
        switch (text.front()) {
            case '&': out += "&amp;"; break;
            case '<': out += "&lt;"; break;
            case '>': out += "&gt;"; break;
            case '"': out += "&quot;"; break;
            case '\'': out += "&apos;"; break;
            case '\r': out += "&#13;"; break;  // a parser would turn a raw one into a line feed
            default:
                length = xml_character_length(text);
                out += length == 0 ? replacement_character : text.substr(0, length);
                length = length == 0 ? 1 : length;
        }
        text.remove_prefix(length);
    }
}

namespace {

std::size_t xml_character_length(std::string_view text) {
    const auto lead = static_cast<unsigned char>(text.front());
    if (lead < 0x80) return lead >= 0x20 || lead == '\t' || lead == '\n' ? 1 : 0;
    // U+FFFE and U+FFFF are well-formed UTF-8 and no XML characters.
    if (text.starts_with("\xEF\xBF\xBE") || text.starts_with("\xEF\xBF\xBF")) return 0;
    return utf8_length(text);
}

}  // namespace
}  // namespace lode::frontend::s3
