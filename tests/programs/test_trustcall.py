"""trustcall: extraction that is validated, and mended by patches."""

from __future__ import annotations

import asyncio

import pytest
from langchain_core.messages import HumanMessage, SystemMessage
from pydantic import BaseModel, Field, field_validator

from heroku_emulator import CallTools, Say

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of LangGraph's old names


class Person(BaseModel):
    """What is known of a person."""

    name: str
    languages: list[str] = Field(default_factory=list)
    age: int | None = None

    @field_validator("age")
    @classmethod
    def is_possible(cls, age):
        if age is not None and age > 150:
            raise ValueError("nobody is that old")
        return age


ADA = {"name": "Ada", "languages": ["English"], "age": 36}


@pytest.fixture(params=["invoke", "ainvoke"])
def extract(request, chat_model):
    from trustcall import create_extractor  # here, where its warnings are ignored

    def extract(given, **options):
        extractor = create_extractor(chat_model(), tools=[Person], **options)
        if request.param == "invoke":
            return extractor.invoke(given)
        return asyncio.run(extractor.ainvoke(given))

    return extract


def test_it_extracts(extract, script, sent):
    script(CallTools([("Person", ADA)]))
    found = extract("Ada is 36 and speaks English.", tool_choice="Person")
    assert found["responses"] == [Person(**ADA)]
    assert "Ada is 36" in sent()[0]


def test_what_is_not_valid_is_patched(extract, script, sent):
    wrong = CallTools([("Person", {**ADA, "age": 360})], ids=["toolu_1"])
    patch = {
        "json_doc_id": "toolu_1",
        "planned_edits": "Mend the age.",
        "patches": [{"op": "replace", "path": "/age", "value": 36}],
    }
    script(wrong, CallTools([("PatchFunctionErrors", patch)]))
    found = extract("Ada is 36 and speaks English.", tool_choice="any")
    assert found["responses"] == [Person(**ADA)]
    assert "nobody is that old" in sent()[1]


def test_what_is_known_is_updated_and_joined(extract, script, sent):
    patch = {
        "json_doc_id": "0",
        "planned_edits": "Add French.",
        "patches": [{"op": "add", "path": "/languages/-", "value": "French"}],
    }
    script(CallTools([("PatchDoc", patch), ("Person", {"name": "Bob"})]))
    found = extract(
        {"messages": "Ada learns French from Bob.", "existing": [("0", "Person", ADA)]},
        enable_inserts=True,
    )
    assert found["responses"] == [
        Person(**{**ADA, "languages": ["English", "French"]}),
        Person(name="Bob"),
    ]
    assert "Ada learns French" in sent()[0]


def test_an_answer_in_words_is_no_extraction(extract, script):
    script(Say("I do not know her."))
    assert extract("Who?")["responses"] == []


def test_instructions_in_blocks_are_taken(extract, script, sent):
    script(CallTools([("PatchDoc", {"json_doc_id": "0", "planned_edits": "None.", "patches": []})]))
    system = SystemMessage([{"type": "text", "text": "Be exact."}])
    messages = [system, HumanMessage("Nothing is new.")]
    found = extract({"messages": messages, "existing": [("0", "Person", ADA)]})
    assert found["responses"] == [Person(**ADA)]
    assert "Be exact." in sent()[0]
    assert "<existing>" in sent()[0]
