// Confining the calling task as a peer does: the same rule as bailiff's, all rights below /tmp/ub.
#pragma once

namespace bailiff::bench {

// Landlock with two rules: everything below /tmp/ub, reading and executing below /. For good.
void confine_by_landlock();

// Changes to the profile of that name, which is loaded already.
void confine_by_apparmor(const char* profile);

// Ends the program unless a write outside /tmp/ub is refused: figures of a peer that does not
// confine would mean nothing.
void must_be_confined();

} // namespace bailiff::bench
