// SPDX-License-Identifier: MIT
// The whole C++ skin. A plugin needs only the header of its role.
#pragma once

#include "tenon/bytes.hpp"
#include "tenon/check.hpp"
#include "tenon/client_api.hpp"
#include "tenon/crc32c.hpp"
#include "tenon/operation.hpp"
#include "tenon/option.hpp"
#include "tenon/stamp.hpp"
#include "tenon/storage.hpp"
#include "tenon/transport.hpp"
