"""What is sent against what /openapi.json says of it: answers and request bodies, validated as they pass."""

import json
import re
from typing import Any

import httpx2
from jsonschema import Draft202012Validator

JSON = "application/json"


class Description:
    """The document, by which values are judged strictly: a member that no struct has is an error."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.paths: dict[str, dict[str, Any]] = document["paths"]
        self.schemas: dict[str, dict[str, Any]] = document["components"]["schemas"]
        closed = {"additionalProperties": False}
        self._components = {
            "schemas": {
                name: {**schema, **closed} if "properties" in schema else schema
                for name, schema in self.schemas.items()
            }
        }

    def validate(self, content: dict[str, Any], value: Any) -> None:
        """Hold a value against what is said of a media type. Raises ValidationError."""
        schema = {**content["schema"], "components": self._components}
        Draft202012Validator(schema).validate(value)

    def template(self, method: str, path: str) -> str:
        """Return the path of the document that a request's path is of: the one with the fewest parameters."""
        fitting = [
            template
            for template, operations in self.paths.items()
            if method.lower() in operations and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path)
        ]
        return min(fitting, key=lambda template: template.count("{"))

    @property
    def operations(self) -> set[tuple[str, str]]:
        """Every method with its path."""
        return {(method.upper(), path) for path, methods in self.paths.items() for method in methods}


class DescribedClient:
    """A client that fails on the first answer, or accepted body, that is not as the document describes it."""

    def __init__(self, client: httpx2.Client) -> None:
        self._client = client
        self.description = Description(client.get("/openapi.json").json())
        self.seen: set[tuple[str, str]] = set()

    def send(self, method: str, path: str, status: int, **request: Any) -> Any:
        """Send a request that is answered with a status; return the answer's JSON, or its text."""
        answer = self._client.request(method, path, **request)
        assert answer.status_code == status, answer.text
        template = self.description.template(method, answer.request.url.raw_path.decode().partition("?")[0])
        operation = self.description.paths[template][method.lower()]
        if answer.is_success:
            self.seen.add((method, template))
            if answer.request.headers.get("content-type") == JSON:
                self.description.validate(
                    operation["requestBody"]["content"][JSON], json.loads(answer.request.content)
                )
        described = operation["responses"][str(status)]["content"]
        media_type = answer.headers["content-type"].partition(";")[0]
        assert media_type in described, f"{method} {template} {status} sends {media_type}"
        if media_type not in (JSON, "application/problem+json"):
            return answer.text
        self.description.validate(described[media_type], answer.json())
        return answer.json()
