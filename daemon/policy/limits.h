// What a policy may ask for at most. Of each kernel table it gets half: at a reload the policy
// before lies in it as well. A policy that the kernel could not hold is refused where it is
// written, with the line. The checks are internal to policy/. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>

#include "bailiff/abi.h"

namespace bailiff::policy {

class Document;
class Problems;
struct Image;

// Of a file as it is read: what a YAML alias stands for counts each time.
inline constexpr std::size_t kMaxValues = 100'000;
inline constexpr std::size_t kMaxTextBytes = 4U << 20;

// Profiles in use, counted once for each layer; one bit is bailiff's own
// (policy/self_protection.h).
inline constexpr std::size_t kMaxProfiles = BAILIFF_MAX_PROFILES - 1;
inline constexpr std::uint32_t kHoldSeconds = 600; // where `approvals` does not say
inline constexpr std::size_t kMaxPathBytes = 4095; // PATH_MAX less its NUL
inline constexpr std::size_t kMaxNameBytes = 255;
// Names in a path: the kernel's walk looks at the object, at these less one, and at the root.
inline constexpr std::size_t kMaxLevels = BAILIFF_MAX_DEPTH - 1;

inline constexpr std::size_t kMaxPortEntries = BAILIFF_MAX_PORTS / 2;
inline constexpr std::size_t kMaxObjects = BAILIFF_MAX_OBJECTS / 2;
inline constexpr std::size_t kObjectsPerPath = 3;    // itself, its name, the folder it lies in
inline constexpr std::size_t kObjectsPerGuarded = 2; // a folder above a denied path
// The range of one policy slot (session/label_table.h). What sessions need comes on top; where
// there is no room, no more open.
inline constexpr std::size_t kMaxLabels = (BAILIFF_MAX_LABELS - 2) / (BAILIFF_MAX_POLICIES - 1);
inline constexpr std::size_t kMaxRows = (BAILIFF_MAX_ROWS - 1) / (BAILIFF_MAX_POLICIES - 1);
// Counted once for each label whose rules list it, and one more for the label. Of one policy slot.
inline constexpr std::size_t kMaxListed = BAILIFF_MAX_LISTED / BAILIFF_MAX_POLICIES;
// Holds with a budget or for the first contact, counted once for each label. Of one policy slot.
inline constexpr std::size_t kMaxBudgets = BAILIFF_MAX_BUDGETS / BAILIFF_MAX_POLICIES;
inline constexpr std::int64_t kMaxBudgetSeconds = std::int64_t{30} * 86400;
inline constexpr std::size_t kMaxMatches = BAILIFF_MAX_AGENTS / 2;
inline constexpr std::size_t kMaxAgents = BAILIFF_MAX_SUBJECTS / 4;
inline constexpr std::size_t kMaxClasses = 256;
// What the rules of classes name, counted again for each profile that names the class.
inline constexpr std::size_t kMaxClassValues = 100'000;

// Of the commands that rules name (right argv), of one policy slot.
inline constexpr std::size_t kMaxPatterns = BAILIFF_MAX_PATTERNS;
inline constexpr std::size_t kMaxElements = std::size_t{BAILIFF_MASK_WORDS} * 64;
inline constexpr std::size_t kMaxWords = BAILIFF_MAX_WORDS / BAILIFF_MAX_POLICIES;
// Of a word in a command: the kernel reads 255 bytes with the terminating NUL.
inline constexpr std::size_t kMaxWordBytes = 254;
inline constexpr std::size_t kMaxProgramBytes = 62; // of a name, as bpf/command.h reads it

// Agents and their matches; classes, counted once for each profile that names them.
void check_limits(const Document& document, Problems& problems);
// Objects and labels; ports are counted where they are made.
void check_limits(const Image& image, Problems& problems);

} // namespace bailiff::policy
