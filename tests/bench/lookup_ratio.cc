// A native measurement beside the guest's instruction counts, which do not see a cache miss: how
// much longer a lookup takes with 100,000 entries than with 10. A model in user space of the
// kernel's hash map, with its layout: an array of 16-byte bucket heads, one for each of the largest
// number of entries, chains of elements with a header of 48 bytes, jhash over the key.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <random>
#include <vector>

#include "bailiff/abi.h"

namespace {

struct Element {
    Element* next = nullptr;
    std::uint32_t hash = 0;
    std::array<char, 36> rest_of_header{};
    bailiff_object_key key{};
    bailiff_object value{};
};

struct Bucket {
    Element* first = nullptr;
    std::uint64_t lock = 0;
};

std::uint32_t rotate(std::uint32_t x, int by) {
    return x << by | x >> (32 - by);
}

// jhash2 of the kernel, over 8 words.
std::uint32_t hash_of(const bailiff_object_key& key) {
    std::array<std::uint32_t, sizeof(key) / 4> k{};
    std::memcpy(k.data(), &key, sizeof(key));
    std::uint32_t a = 0xdeadbeefU + (static_cast<std::uint32_t>(k.size()) << 2);
    std::uint32_t b = a;
    std::uint32_t c = a;
    for (std::size_t i = 0; i + 3 < k.size(); i += 3) {
        a += k[i], b += k[i + 1], c += k[i + 2];
        a -= c, a ^= rotate(c, 4), c += b;
        b -= a, b ^= rotate(a, 6), a += c;
        c -= b, c ^= rotate(b, 8), b += a;
        a -= c, a ^= rotate(c, 16), c += b;
        b -= a, b ^= rotate(a, 19), a += c;
        c -= b, c ^= rotate(b, 4), b += a;
    }
    a += k[6], b += k[7];
    c ^= b, c -= rotate(b, 14);
    a ^= c, a -= rotate(c, 11);
    b ^= a, b -= rotate(a, 25);
    c ^= b, c -= rotate(b, 16);
    a ^= c, a -= rotate(c, 4);
    b ^= a, b -= rotate(a, 14);
    c ^= b, c -= rotate(b, 24);
    return c;
}

class Table {
public:
    void add(const bailiff_object_key& key) {
        auto element = std::make_unique<Element>();
        element->hash = hash_of(key);
        element->key = key;
        element->value.label = 1;
        Bucket& bucket = bucket_of(element->hash);
        element->next = bucket.first;
        bucket.first = element.get();
        elements_.push_back(std::move(element));
    }
    [[nodiscard]] std::uint32_t find(const bailiff_object_key& key) {
        const std::uint32_t hash = hash_of(key);
        for (const Element* e = bucket_of(hash).first; e != nullptr; e = e->next)
            if (e->hash == hash && std::memcmp(&e->key, &key, sizeof(key)) == 0)
                return e->value.label;
        return 0;
    }

private:
    Bucket& bucket_of(std::uint32_t hash) { return buckets_[hash & (BAILIFF_MAX_OBJECTS - 1)]; }
    std::vector<Bucket> buckets_ = std::vector<Bucket>(BAILIFF_MAX_OBJECTS);
    std::vector<std::unique_ptr<Element>> elements_;
};
static_assert((BAILIFF_MAX_OBJECTS & (BAILIFF_MAX_OBJECTS - 1)) == 0, "a power of two");

bailiff_object_key key_of(std::uint64_t ino) {
    bailiff_object_key key = {};
    key.ino = ino;
    key.dev = 0x800001;
    key.policy = 1;
    return key;
}

constexpr std::uint64_t kLookups = 1'000'000;

// Nanoseconds a lookup: the smallest of nine batches. Keys come in random order, from `first` on.
double time_lookups(Table& table, std::uint64_t first, std::uint64_t count) {
    std::mt19937_64 random(1);
    std::vector<bailiff_object_key> keys;
    for (std::uint64_t i = 0; i < 65536; i++) keys.push_back(key_of(first + random() % count));
    double best = 1e18;
    std::uint64_t found = 0;
    for (int batch = 0; batch < 9; batch++) {
        const auto start = std::chrono::steady_clock::now();
        for (std::uint64_t i = 0; i < kLookups; i++) found += table.find(keys[i % keys.size()]);
        const std::chrono::duration<double, std::nano> took =
            std::chrono::steady_clock::now() - start;
        best = std::min(best, took.count() / static_cast<double>(kLookups));
    }
    if (found == 1) std::puts(""); // keeps the loop from being dropped
    return best;
}

} // namespace

int main() {
    constexpr std::uint64_t kAbsent = 1ULL << 40;
    Table small;
    Table large;
    for (std::uint64_t i = 0; i < 10; i++) small.add(key_of(i));
    for (std::uint64_t i = 0; i < 100'000; i++) large.add(key_of(i));
    const double small_hit = time_lookups(small, 0, 10);
    const double large_hit = time_lookups(large, 0, 100'000);
    const double large_same = time_lookups(large, 0, 10);
    const double small_miss = time_lookups(small, kAbsent, 1000);
    const double large_miss = time_lookups(large, kAbsent, 1000);
    std::printf("@ratio\thit, every entry in turn\t%.1f\t%.1f\n", small_hit, large_hit);
    std::printf("@ratio\thit, the same 10 files\t%.1f\t%.1f\n", small_hit, large_same);
    std::printf("@ratio\tmiss, 1,000 files without a rule\t%.1f\t%.1f\n", small_miss, large_miss);
    return 0;
}
