// The stage: which vectors there are, what has to stand around them, and how they are tried.
#pragma once

#include <vector>

#include "tests/escape/vector.h"

namespace bailiff::escape {

struct Entry {
    const Vector* vector;
    Place place;
    int index; // in the whole table
};

std::vector<Family> families();
std::vector<Entry> entries_of(Who who, bool self);
int inherited_number(const Entry& entry);
// For the program that is executed next: its `try_all` has that errno as the result of the entry,
// since there is nothing to try it with. In a container the agent is a subject from the start.
void note_not_inherited(const Entry& entry, int error);

// Outside every session, as root. Helpers and victims live until `finish`.
int prepare(Who who, const std::vector<Entry>& entries);
int finish(const std::vector<Entry>& entries);

// Each in a child with a time limit; prints `name`, tab, and 0, an errno, `signal N` or `timeout`.
int try_all(const std::vector<Entry>& entries);

// Local services that the policy does not allow: TCP, UDP and Unix sockets, a metadata service.
int start_services();

} // namespace bailiff::escape
