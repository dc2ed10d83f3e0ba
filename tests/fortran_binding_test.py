"""The Fortran binding (src/capi/fortran/grainspin_c.f90) says what the header (grainspin.h) says: every number under its
name, every struct's members in their order and of their types, every function with its arguments."""
import os
import re
import sys

root = os.environ["GRAINSPIN_SOURCE_DIR"]
with open(f"{root}/include/grainspin/grainspin.h", encoding="utf-8") as f:
    header = re.sub(r"/\*.*?\*/", " ", f.read(), flags=re.S)
with open(f"{root}/src/capi/fortran/grainspin_c.f90", encoding="utf-8") as f:
    fortran = re.sub(r"!.*", "", f.read())
fortran = re.sub(r"&\s*\n\s*&?", " ", fortran).lower()
wrong = []


def same(what, wanted, found):
    if wanted != found:
        wrong.append(f"{what}: the header has {wanted}, the module {found}")


# Numbers.
numbers = {name.lower(): int(value) for name, value in re.findall(r"\b(GRAINSPIN_[A-Z0-9_]+)\s*=\s*(\d+)", header)}
numbers["grainspin_header_version"] = int(re.search(r"#define GRAINSPIN_API_VERSION (\d+)", header).group(1))
given = {}
for line in re.findall(r"parameter, public ::([^\n]*)", fortran):
    given.update((name, int(value)) for name, value in re.findall(r"(\w+)\s*=\s*(\d+)", line))
same("numbers", numbers, given)

# Structs: (member, kind, how many).
c_kinds = {"size_t": "c_size_t", "int32_t": "c_int32_t", "int64_t": "c_int64_t", "uint8_t": "c_int8_t", "double": "c_double",
           "grainspin_log": "c_funptr", "grainspin_progress": "c_funptr", "grainspin_convention": "grainspin_convention"}
structs = {}
for name, body in re.findall(r"typedef struct (\w+) \{(.*?)\}", header, flags=re.S):
    structs[name] = []
    for kind, star, members in re.findall(r"(?:const )?(\w+)\s*(\*?)\s*([^;]+);", body):
        for member in members.split(","):
            m = re.match(r"\s*(\*?)\s*(\w+)(?:\[(\d+)\])?\s*$", member)
            structs[name].append((m[2].lower(), "c_ptr" if star or m[1] else c_kinds[kind], int(m[3] or 1)))
types = {}
for name, body in re.findall(r"type, bind\(c\), public :: (\w+)\s*\n(.*?)end type", fortran, flags=re.S):
    members = types[name.removeprefix("c_")] = []
    for kind, names in re.findall(r"(?:integer|real|type)\((\w+)\)\s*::([^\n]*)", body):
        for member in re.sub(r"\s*=\s*\w+", "", names).split(","):
            m = re.match(r"\s*(\w+)(?:\((\d+)\))?\s*$", member)
            members.append((m[1], kind, int(m[2] or 1)))
for name in sorted(structs.keys() | types.keys()):
    same(f"struct {name}", structs.get(name), types.get(name))

# Functions: how many arguments.
def count(arguments):
    arguments = arguments.strip()
    return 0 if arguments in ("", "void") else len(arguments.split(","))


functions = {name: count(arguments) for name, arguments in
             re.findall(r"GRAINSPIN_API [^;(]*?\b(grainspin_\w+)\(([^)]*)\);", header)}
bound = {}
for name, arguments, alias in re.findall(r"(?:function|subroutine) (\w+)\(([^)]*)\)\s*bind\(c(?:, name=\"(\w+)\")?\)", fortran):
    if "grainspin" in (alias or name):
        bound[alias or name] = count(arguments)
same("functions", functions, bound)

if len(numbers) < 30 or len(structs) < 8 or len(functions) < 20:
    wrong.append("the search itself is broken")
for line in wrong:
    print("WRONG:", line)
print(f"{len(numbers)} numbers, {len(structs)} structs, {len(functions)} functions")
sys.exit(1 if wrong else 0)
