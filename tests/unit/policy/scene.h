// A small policy for tests, and how to ask it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "policy/eval.h"
#include "policy/policy.h"

namespace bailiff::policy::tests {

// A whole policy around some profiles: user alice has `user`, agent fixer has `agent`. What these
// need comes last, so that profiles begin in line 7.
std::string around(const std::string& profiles);

std::shared_ptr<const Policy> must_load(const std::string& text);
std::string problem(const std::string& text);
Facts alice();

// The verdict for alice's session, as a word.
std::string ask(const Policy& policy, std::uint8_t right, const std::string& path,
                const Variables& variables = {});
std::string ask_connect(const Policy& policy, const std::string& address, std::uint16_t port,
                        std::uint8_t protocol = 6);

} // namespace bailiff::policy::tests
