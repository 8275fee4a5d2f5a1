"""The schemas that are sent accept what the given ones accept, and hold nothing else."""

from __future__ import annotations

import copy
import dataclasses
import json
import random
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Generic, Literal, TypeVar
from uuid import UUID

import jsonschema
import pytest
from pydantic import BaseModel, ConfigDict, Field, RootModel, TypeAdapter
from typing_extensions import TypedDict

from heroku_inference._chat.schemas import object_schema, smallest_schema

T = TypeVar("T")


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class City(BaseModel):
    """A city."""

    name: str
    country: str | None = None


class Person(BaseModel):
    """A person."""

    model_config = ConfigDict(extra="forbid")

    title: str = Field(description="Dr., for example.")
    home: City = Field(description="Where they live.", default=City(name="Rome"))
    office: City
    colour: Colour = Colour.RED
    born: date | None = None
    tags: set[str] = set()
    scores: dict[str, int] = {}
    pair: tuple[int, str] = (1, "a")
    mood: Literal["good", "bad"] = "good"


class Node(BaseModel):
    """A node."""

    name: str
    children: list[Node] = []


class Tree(BaseModel):
    root: Node = Field(description="The first node.")
    city: City


class Employee(BaseModel):
    name: str
    works_in: Department | None = None


class Department(BaseModel):
    name: str
    head: Employee
    town: City


class Box(BaseModel, Generic[T]):
    content: T
    spare: list[T] = []


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: int = Field(ge=1, le=9)


class Dog(BaseModel):
    kind: Literal["dog"]
    friends: list[Pet] = []


Pet = Annotated[Cat | Dog, Field(discriminator="kind")]


class Owner(BaseModel):
    pet: Pet
    second: Cat | Dog | None = None


class Sent(BaseModel):
    schema_: str = Field(alias="$schema")
    reference: int = Field(alias="$ref")
    definitions: City = Field(alias="$defs")
    id_: UUID | None = Field(alias="$id", default=None)
    price: Decimal = Decimal(1)


class Money(TypedDict, total=False):
    amount: int
    city: City


@dataclasses.dataclass
class Point:
    x: float
    title: str = "here"
    city: City | None = None


class Places(RootModel[list[City]]):
    pass


class Animal(RootModel[Pet]):
    pass


class Numbers(RootModel[dict[str, int]]):
    pass


class Json(RootModel["dict[str, Json] | list[Json] | str | int | None"]):
    pass


Dog.model_rebuild()
Owner.model_rebuild()
Animal.model_rebuild()
PYDANTIC = [
    Animal,
    Box[City],
    Box[Box[Node]],
    Cat,
    City,
    Department,
    Dog,
    Employee,
    Json,
    Money,
    Node,
    Numbers,
    Owner,
    Person,
    Places,
    Point,
    Sent,
    Tree,
]
STRING: dict[str, Any] = {"type": "string", "title": "A string"}
RING = {
    "a": {"type": "object", "properties": {"b": {"$ref": "#/$defs/b"}, "n": {"type": "integer"}}},
    "b": {"type": "object", "properties": {"c": {"$ref": "#/$defs/c"}}, "required": ["c"]},
    "c": {"anyOf": [{"$ref": "#/$defs/a"}, {"type": "null"}]},
}
WRITTEN: dict[str, dict[str, Any]] = {
    "nothing": {},
    "whatever": {"title": "Whatever"},
    "a reference to the root": {
        "type": "object",
        "title": "Node",
        "properties": {"next": {"$ref": "#"}, "n": {"type": "integer"}},
        "required": ["n"],
    },
    "a reference into a property": {
        "type": "object",
        "properties": {"a": {"type": "integer"}, "b": {"$ref": "#/properties/a"}},
    },
    "a reference into a list": {
        "type": "object",
        "properties": {
            "a": {"anyOf": [{"type": "integer"}, {"type": "string"}]},
            "b": {"$ref": "#/properties/a/anyOf/1"},
        },
    },
    "escaped names": {
        "$defs": {"a/b": {"type": "integer"}, "c~d": STRING, "e f": {"type": "null"}},
        "properties": {
            "a": {"$ref": "#/$defs/a~1b"},
            "b": {"$ref": "#/$defs/c~0d"},
            "c": {"$ref": "#/$defs/e%20f"},
        },
    },
    "definitions of draft 7": {
        "definitions": {"a": {"type": "object", "properties": {"a": {"$ref": "#/definitions/a"}}}},
        "properties": {"x": {"$ref": "#/definitions/a"}},
    },
    "nested definitions": {
        "properties": {
            "a": {
                "$defs": {"n": {"type": "integer"}},
                "items": {"$ref": "#/properties/a/$defs/n"},
                "type": "array",
            }
        }
    },
    "two definitions of one name": {
        "$defs": {"a": {"properties": {"x": {"$ref": "#/$defs/a"}}, "type": "object"}},
        "definitions": {"a": {"items": {"$ref": "#/definitions/a"}, "type": "array"}},
        "properties": {"a": {"$ref": "#/$defs/a"}, "b": {"$ref": "#/definitions/a"}},
    },
    "a ring": {"$defs": RING, "$ref": "#/$defs/a"},
    "a ring entered twice": {
        "$defs": RING,
        "properties": {"b": {"$ref": "#/$defs/b"}, "c": {"$ref": "#/$defs/c"}},
    },
    "a chain of references": {
        "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/c"}, "c": STRING},
        "properties": {"a": {"$ref": "#/$defs/a", "default": "x"}},
    },
    "keywords beside a reference": {
        "$defs": {"a": {"type": "object", "properties": {"n": STRING}, "required": ["n"]}},
        "properties": {
            "a": {"$ref": "#/$defs/a", "required": ["m"]},
            "b": {"$ref": "#/$defs/a", "properties": {"n": {"minLength": 2}}},
            "c": {"$ref": "#/$defs/a", "additionalProperties": False},
            "d": {"$ref": "#/$defs/a", "type": "object", "description": "D"},
            "e": {"$ref": "#/$defs/a", "unevaluatedProperties": False},
            "f": {"$ref": "#/$defs/a", "allOf": [{"maxProperties": 1}]},
        },
    },
    "closed definitions": {
        "$defs": {
            "a": {"type": "object", "properties": {"n": STRING}, "additionalProperties": False}
        },
        "properties": {
            "a": {"$ref": "#/$defs/a", "properties": {"m": STRING}},
            "b": {"allOf": [{"$ref": "#/$defs/a"}], "title": "B", "default": {"n": "x"}},
            "c": {"allOf": [{"$ref": "#/$defs/a"}], "properties": {"m": STRING}},
        },
    },
    "a boolean definition": {
        "$defs": {"yes": True, "no": False},
        "properties": {
            "a": {"$ref": "#/$defs/yes", "type": "integer"},
            "b": {"$ref": "#/$defs/no", "description": "Never."},
            "c": {"$ref": "#/$defs/no"},
            "d": False,
        },
    },
    "an anyOf at the root": {
        "$defs": {"a": {"type": "object", "required": ["a"], "title": "A"}},
        "anyOf": [{"$ref": "#/$defs/a"}, {"type": "object", "required": ["n"]}],
    },
    "a list at the root": {"type": "array", "items": {"$ref": "#/$defs/a"}, "$defs": {"a": STRING}},
    "tuples": {
        "properties": {
            "a": {
                "type": "array",
                "prefixItems": [{"$ref": "#/$defs/a"}, {"type": "integer"}],
                "items": False,
            }
        },
        "$defs": {"a": STRING},
    },
    "conditions": {
        "properties": {"a": {"enum": [1, 2]}, "n": {}},
        "if": {"properties": {"a": {"const": 1}}, "required": ["a"]},
        "then": {"properties": {"n": {"$ref": "#/$defs/a"}}},
        "else": {"not": {"required": ["n"]}},
        "dependentSchemas": {"b": {"required": ["n"], "title": "x"}},
        "dependentRequired": {"c": ["n"]},
        "patternProperties": {"^title": {"$ref": "#/$defs/a"}},
        "propertyNames": {"maxLength": 6, "title": "Name"},
        "$defs": {"a": STRING},
    },
    "contained items": {
        "properties": {
            "a": {"type": "array", "contains": {"$ref": "#/$defs/a"}, "minContains": 2},
        },
        "$defs": {"a": STRING},
    },
    "names that are keywords": {
        "title": "Names",
        "type": "object",
        "properties": {
            name: {"type": "integer", "title": name}
            for name in ("title", "$schema", "$id", "$ref", "$defs", "definitions", "properties")
        },
        "required": ["title", "$ref"],
    },
    "data that looks like a schema": {
        "properties": {
            "a": {"const": {"title": "x", "$ref": "y"}, "title": "A"},
            "b": {"enum": [{"title": "x"}, {"$schema": "x"}, {"$defs": {}}]},
            "c": {"default": {"title": "x", "$id": "y"}, "examples": [{"$ref": "#/nowhere"}]},
        }
    },
    "a reference to another document": {
        "title": "x",
        "properties": {"a": {"type": "integer"}, "b": {"$ref": "#/$defs/a"}},
        "$defs": {"a": {"title": "A", "type": "string"}, "b": {"$ref": "https://example.com/x"}},
    },
    "an anchor": {
        "properties": {"a": {"$ref": "#here"}, "b": {"$ref": "#/$defs/a"}},
        "$defs": {"a": {"$anchor": "here", "type": "integer", "title": "A"}},
    },
    "an embedded document": {
        "$id": "https://example.com/root",
        "$defs": {
            "a": {
                "$id": "https://example.com/a",
                "$defs": {"n": {"type": "integer"}},
                "items": {"$ref": "#/$defs/n"},
            },
            "n": {"type": "string"},
        },
        "properties": {"a": {"$ref": "#/$defs/a"}, "b": {"$ref": "#/$defs/n"}},
    },
    "a dynamic reference": {
        "properties": {"a": {"$dynamicRef": "#leaf"}, "n": {"type": "integer"}},
        "$defs": {"a": {"$dynamicAnchor": "leaf", "type": "string"}},
    },
}
SCHEMAS: dict[str, dict[str, Any]] = {
    **{str(getattr(one, "__name__", one)): TypeAdapter(one).json_schema() for one in PYDANTIC},
    **WRITTEN,
}


NOT_INLINED = (
    "a dynamic reference",
    "a reference to another document",
    "an anchor",
    "an embedded document",
)


class Values:
    """Makes values for a schema, some of which it accepts."""

    NAMES = ("a", "b", "c", "n", "m", "x", "name", "title", "$ref", "city")
    SIMPLE = (None, True, 0, 1, 2, 9.5, "", "a", "red", "cat", "dog", [], {}, ["a"], {"n": 1})

    def __init__(self, root: dict[str, Any], seed: int) -> None:
        self._root = root
        self._random = random.Random(seed)  # noqa: S311 - values, no secrets

    def value(self, schema: Any, depth: int = 0) -> Any:
        if not isinstance(schema, dict) or depth > 5 or self._random.random() < 0.08:
            return self._random.choice(self.SIMPLE)
        if reference := schema.get("$ref"):
            beside = {key: schema[key] for key in schema if key != "$ref"}
            return self.value({**self._target(reference), **beside}, depth + 1)
        for key in ("anyOf", "oneOf", "allOf"):
            if branches := schema.get(key):
                return self.value(self._random.choice(branches), depth + 1)
        if options := schema.get("enum") or ([schema["const"]] if "const" in schema else []):
            return self._random.choice(options)
        return self._by_type(schema, depth)

    def _by_type(self, schema: dict[str, Any], depth: int) -> Any:
        kind = schema.get("type")
        if kind == "array":
            inner = [self.value(one, depth + 1) for one in schema.get("prefixItems", ())]
            items = schema.get("items", schema.get("contains"))
            return inner + [self.value(items, depth + 1) for _ in range(self._random.randrange(3))]
        if kind == "object" or (kind is None and depth < 2) or "properties" in schema:
            properties = {**schema.get("properties", {}), **self._others(schema)}
            required = schema.get("required", ())
            return {
                name: self.value(inner, depth + 1)
                for name, inner in properties.items()
                if self._random.random() < (0.95 if name in required else 0.6)
            }
        simple = {"string": "abc", "integer": 3, "number": 1.5, "boolean": True, "null": None}
        return simple.get(kind, self._random.choice(self.SIMPLE))

    def _others(self, schema: dict[str, Any]) -> dict[str, Any]:
        if self._random.random() < 0.5:
            return {}
        return {self._random.choice(self.NAMES): schema.get("additionalProperties", {})}

    def _target(self, reference: str) -> dict[str, Any]:
        if not reference.startswith("#/$defs/"):
            return self._root if reference == "#" else {}
        found = self._root.get("$defs", {}).get(reference.removeprefix("#/$defs/"))
        return found if isinstance(found, dict) else {}


def accepted(schema, values):
    validator = jsonschema.Draft202012Validator(schema)
    return [validator.is_valid(value) for value in values]


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_smallest_schema_accepts_what_the_given_one_accepts(name):
    given = SCHEMAS[name]
    before = copy.deepcopy(given)
    values = [Values(given, seed).value(given) for seed in range(120)]
    smallest = smallest_schema(given)
    jsonschema.Draft202012Validator.check_schema(smallest)
    assert accepted(smallest, values) == accepted(given, values)
    assert given == before
    assert smallest_schema(smallest) == smallest


def test_the_values_are_a_test():
    """Most schemas accept some of the values and refuse others."""
    decided = [
        set(accepted(one, [Values(one, n).value(one) for n in range(120)]))
        for one in SCHEMAS.values()
    ]
    assert sum(len(both) == 2 for both in decided) > 0.9 * len(decided)


@pytest.mark.parametrize("seed", range(60))
def test_the_smallest_of_a_random_schema_accepts_the_same(seed):
    given = random_schema(random.Random(seed))  # noqa: S311 - no secret
    values = [Values(given, number).value(given) for number in range(80)]
    assert accepted(smallest_schema(given), values) == accepted(given, values)


def random_schema(rng: random.Random) -> dict[str, Any]:
    """A schema of four definitions that refer to each other at random."""
    names = ("a", "b", "c", "n")

    def one(depth: int, *, may_refer: bool = True) -> dict[str, Any]:
        kind = rng.choice(("ref", "object", "object", "array", "anyOf", "leaf", "leaf"))
        beside = rng.choice(({}, {"description": "d"}, {"default": {"title": 1}}, {"title": "t"}))
        if kind == "ref" and may_refer:
            asserts = rng.choice(({}, {}, {"required": ["n"]}, {"maxProperties": 1}))
            return {"$ref": f"#/$defs/{rng.choice(names)}", **beside, **asserts}
        if depth > 3 or kind in {"leaf", "ref"}:
            leaf = rng.choice(("string", "integer", "null", "boolean"))
            return rng.choice(({"type": leaf}, {"enum": ["a", 1, {"title": 1}]}, {})) | beside
        if kind == "array":
            return {"type": "array", "items": one(depth + 1), **beside}
        if kind == "anyOf":
            # A definition that is nothing but a choice with itself would never be decided.
            return {"anyOf": [one(depth + 1, may_refer=False), one(3, may_refer=False)], **beside}
        closed = rng.choice(({}, {"additionalProperties": False}, {"required": ["title"]}))
        properties = {name: one(depth + 1) for name in ("title", *rng.sample(names, 2))}
        return {"type": "object", "properties": properties, **closed, **beside}

    definitions = {name: one(0, may_refer=False) for name in names}
    root = rng.choice((one(0), {"type": "object", "properties": {n: one(1) for n in names}}))
    return {**root, "$defs": definitions}


@pytest.mark.parametrize("name", [name for name in SCHEMAS if name not in NOT_INLINED])
def test_nothing_is_left_that_a_model_does_not_need(name):
    found = set(keywords(smallest_schema(SCHEMAS[name])))
    assert not found & {"title", "$schema", "$id", "definitions", "discriminator"}
    assert ("$defs" in found) is (name in RECURSIVE)


RECURSIVE = {
    *("Animal", "Box[Box[Node]]", "Department", "Dog", "Employee", "Json", "Node", "Owner", "Tree"),
    *("a ring", "a ring entered twice", "definitions of draft 7", "two definitions of one name"),
}


def keywords(schema):
    """The keywords of a schema and of those below it, but no names and no data."""
    if isinstance(schema, list):
        for inner in schema:
            yield from keywords(inner)
    elif isinstance(schema, dict):
        for key, inner in schema.items():
            yield key
            if key in {"properties", "patternProperties", "dependentSchemas", "$defs"}:
                yield from keywords(list(inner.values()))
            elif key not in {"const", "default", "enum", "examples"}:
                yield from keywords(inner)


CITY = {
    "description": "A city.",
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "country": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
    },
    "required": ["name"],
}


def test_a_reference_becomes_what_it_refers_to_and_what_stands_beside_it_wins():
    properties = smallest_schema(Person.model_json_schema())["properties"]
    assert properties["office"] == CITY
    home = {"description": "Where they live.", "default": {"name": "Rome", "country": None}}
    assert properties["home"] == CITY | home
    assert properties["title"] == {"type": "string", "description": "Dr., for example."}


def test_a_class_that_contains_itself_tells_its_fields_and_keeps_its_definition():
    node = {
        "description": "A node.",
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "children": {"type": "array", "items": {"$ref": "#/$defs/Node"}, "default": []},
        },
        "required": ["name"],
    }
    assert smallest_schema(Node.model_json_schema()) == {**node, "$defs": {"Node": node}}
    tree = smallest_schema(Tree.model_json_schema())
    assert tree["$defs"] == {"Node": node}
    assert tree["properties"] == {
        "root": {"$ref": "#/$defs/Node", "description": "The first node."},
        "city": CITY,
    }


def test_of_classes_that_contain_each_other_one_definition_is_kept():
    smallest = smallest_schema(Department.model_json_schema())
    assert list(smallest["$defs"]) == ["Department"]
    assert smallest["properties"]["head"]["properties"]["name"] == {"type": "string"}


@pytest.mark.parametrize("name", ["default", "const", "enum", "examples"])
def test_data_is_never_changed(name):
    data = {"title": "T", "$schema": "s", "$ref": "#/nowhere", "$defs": {"a": {"title": "T"}}}
    value = [data] if name in {"enum", "examples"} else data
    given = {"type": "object", "properties": {"a": {name: value, "title": "A"}}}
    assert smallest_schema(given)["properties"]["a"] == {name: value}


def test_what_is_unknown_stays_as_it_was_given():
    given = {"x-form": {"title": "T"}, "example": {"title": "T"}, "items": "nonsense"}
    assert smallest_schema(given) == given


@pytest.mark.parametrize(
    "reference",
    ["#/$defs/nowhere", "#here", "other.json#/a", "https://example.com", 1, "#/$defs/a/required"],
)
def test_a_reference_that_leads_nowhere_stays_and_all_definitions_with_it(reference):
    given = {
        "title": "x",
        "properties": {"a": {"$ref": reference}, "b": {"$ref": "#/$defs/a", "title": "B"}},
        "$defs": {"a": {"type": "object", "required": ["x"], "title": "A"}},
    }
    assert smallest_schema(given) == {
        "properties": {"a": {"$ref": reference}, "b": {"$ref": "#/$defs/a"}},
        "$defs": {"a": {"type": "object", "required": ["x"]}},
    }


@pytest.mark.parametrize(
    "given",
    [
        {"$ref": "#"},
        {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}},
        {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}},
    ],
)
def test_references_that_only_lead_to_each_other_end(given):
    assert smallest_schema(given) == given


def test_a_schema_does_not_grow_without_bound():
    doubled = {
        f"d{number}": {
            "type": "object",
            "properties": {name: {"$ref": f"#/$defs/d{number + 1}"} for name in "ab"},
        }
        for number in range(30)
    }
    given = {"$ref": "#/$defs/d0", "$defs": {**doubled, "d30": {"type": "string"}}}
    assert smallest_schema(given) == given


def test_a_very_deep_schema_does_not_exhaust_the_stack():
    deep: dict[str, Any] = {"type": "string", "title": "T"}
    for _ in range(20_000):
        deep = {"items": deep, "title": "T"}
    smallest = smallest_schema(deep)
    for _ in range(60):
        assert "title" not in smallest
        smallest = smallest["items"]


def test_the_result_is_the_same_each_time():
    given = SCHEMAS["a ring entered twice"]
    assert json.dumps(smallest_schema(given)) == json.dumps(smallest_schema(copy.deepcopy(given)))


@pytest.mark.parametrize("one", [Animal, Node, Employee, Numbers, Json])
def test_a_root_of_objects_says_so(one):
    schema = object_schema(one.model_json_schema())
    assert (schema.get("type") == "object") is (one is not Json)


def test_a_choice_among_objects_is_an_object():
    given = SCHEMAS["an anyOf at the root"]
    assert object_schema(given) == {
        "type": "object",
        "properties": {},
        "description": "Give what belongs together: a; or n.",
    }
    mixed = {"oneOf": [{"type": "object"}, {"allOf": [{"type": "string"}]}]}
    assert object_schema(mixed) == {"oneOf": [{"type": "object"}, {"type": "string"}]}


# Bedrock: "input_schema does not support oneOf, allOf, or anyOf at the top level".
def test_a_choice_at_the_root_becomes_one_object():
    text, number = {"type": "string"}, {"type": "integer"}
    given = {
        "type": "object",
        "description": "A trip.",
        "properties": {"city": text},
        "required": ["city"],
        "oneOf": [
            {"properties": {"day": text, "kind": {"const": "a"}}, "required": ["kind", "day"]},
            {"$ref": "#/$defs/Long"},
        ],
        "allOf": [{"properties": {"note": text}, "required": ["note"]}, {"required": ["city"]}],
        "$defs": {
            "Long": {
                "type": "object",
                "properties": {
                    "day": number,
                    "kind": {"const": "b"},
                    "next": {"$ref": "#/$defs/Long"},
                },
                "required": ["kind", "next"],
            }
        },
    }
    before = copy.deepcopy(given)
    assert object_schema(given) == {
        "type": "object",
        "description": "A trip. Give what belongs together: kind, day; or kind, next.",
        "properties": {
            "city": text,
            "note": text,
            "day": {"anyOf": [text, number]},
            "kind": {"anyOf": [{"const": "a"}, {"const": "b"}]},
            "next": {"$ref": "#/$defs/Long"},
        },
        "required": ["city", "note", "kind"],
        "$defs": given["$defs"],
    }
    assert given == before


def test_choices_that_go_around_in_circles_come_to_an_end():
    given = {
        "$ref": "#/$defs/A",
        "$defs": {"A": {"type": "object", "anyOf": [{"$ref": "#/$defs/A"}, {"type": "object"}]}},
    }
    assert object_schema(given)["type"] == "object"


def test_a_description_that_the_tool_has_is_not_repeated():
    given = {"type": "object", "description": "A city."}
    assert object_schema(given, "A city.") == {"type": "object"}
    assert object_schema(given, "Another.") == given
