// SPDX-License-Identifier: MIT
// All that differs between one wrong plugin and another: the build sets SIN.
#include "sins.hpp"

namespace tenon::wrong {

const Sin kSin = Sin::SIN;

}  // namespace tenon::wrong
