"""Where a subject's instructions go, by kernel function: what instruction_profile.cc counted by address
in a boot with bailiff, less what it counted in one without LSM."""
import bisect

SHOWN = 24  # functions
TITLES = {"open": "open + close", "create": "create + unlink", "connect": "connect, UDP loopback",
          "audited": "connect, allowed + record", "exec": "vfork + exec + wait"}


def read_windows(folder, name):
    """{row: {function: instructions a call}}, or None where it was not measured."""
    output, blocks = folder / f"{name}.out", folder / f"{name}.blocks"
    if not output.exists() or not blocks.exists():
        return None
    windows, symbols = [], []
    for line in output.read_text().splitlines():
        kind, *rest = line.split("\t")
        if kind == "@window":
            windows.append((rest[0], int(rest[1])))
        elif kind == "@symbol":
            symbols.append((int(rest[0], 16), rest[1]))
    symbols.sort()
    starts = [address for address, _ in symbols]
    rows = {key: {} for key, _ in windows}
    for line in blocks.read_text().splitlines():
        window, address, count = line.split("\t")
        key, calls = windows[int(window)]
        at = bisect.bisect_right(starts, int(address, 16)) - 1
        function = symbols[at][1] if at >= 0 else "user space"
        # A program's symbol is bpf_prog_, its hash, its name; the hash says nothing to people.
        if function.startswith("bpf_prog_"):
            function = "bpf: " + function[len("bpf_prog_") + 17:]
        elif function.startswith("bpf_trampoline_"):
            function = "bpf trampolines"
        rows[key][function] = rows[key].get(function, 0) + int(count) / calls
    return rows


def print_profile(folder):
    for name, who in (("profile-bystander", "no subject"), ("profile-subject", "subject")):
        print_difference(who, read_windows(folder, "profile-none"), read_windows(folder, name))


def print_difference(who, without, subject):
    if without is None or subject is None:
        print(f"\nBy function, {who}: not measured.")
        return
    for key, functions in subject.items():
        base = without.get(key, {})
        deltas = sorted(((functions.get(f, 0) - base.get(f, 0), f)
                         for f in functions.keys() | base.keys()), reverse=True)
        print(f"\nBy function, {who} less no LSM, instructions a call: {TITLES.get(key, key)},"
              f" {sum(d for d, _ in deltas):+,.0f} in all")
        for delta, function in deltas[:SHOWN]:
            if delta >= 5:
                print(f"  {delta:>8,.0f}  {function}")
