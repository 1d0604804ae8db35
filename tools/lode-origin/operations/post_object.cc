// Browser POST uploads are not offered; a form is refused with a clear answer.

#include "tools/lode-origin/call.h"

namespace lode::dev_origin {

engine::task<outcome> post_object(call& /*c*/) {
    co_return refuse(s3::s3_error::not_implemented, "Uploads by HTML form are not implemented.");
}

}  // namespace lode::dev_origin
