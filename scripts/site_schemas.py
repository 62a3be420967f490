"""Pages of the site about the JSON schemas in docs/schema, for site-pages.py."""

import json
import shutil


def text_in_cell(text):
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def type_of(schema):
    """What a value is, in a few words; a definition of the same page as its name."""
    if schema is True:
        return "any value"
    if "$ref" in schema:
        return f"`{schema['$ref'].removeprefix('#/$defs/')}`"
    if "const" in schema:
        return f"`{json.dumps(schema['const'])}`"
    if "enum" in schema:
        return "one of " + ", ".join(f"`{json.dumps(value)}`" for value in schema["enum"])
    for name in ("oneOf", "anyOf"):
        if name in schema:
            return " or ".join(dict.fromkeys(type_of(branch) for branch in schema[name]))
    if len(schema.get("allOf", [])) == 1:
        return type_of(schema["allOf"][0])
    names = schema.get("type", "any value")
    names = names if isinstance(names, list) else [names]
    words = {
        "array": f"list of {type_of(schema.get('items', True))}",
        "string": {"date-time": "time"}.get(schema.get("format"), "string"),
        "object": f"object of {type_of(schema['additionalProperties'])}"
        if isinstance(schema.get("additionalProperties"), dict)
        else "object",
    }
    return " or ".join(words.get(name, name) for name in names)


def rows_of(schema, definitions):
    """The fields of an object: its own, those of the objects that are part of it, and those of its alternatives."""
    required = set(schema.get("required", []))
    rows = []
    for name, field in schema.get("properties", {}).items():
        about = text_in_cell(field.get("description", "")) if isinstance(field, dict) else ""
        absent = "" if name in required else "can be absent. "
        rows.append(f"| `{name}` | {type_of(field).replace('|', chr(92) + '|')} | {absent}{about} |")
    if "$ref" in schema and not rows:
        rows += rows_of(definitions[schema["$ref"].removeprefix("#/$defs/")], definitions)
    elif "$ref" in schema:
        rows.append(f"| | {type_of({'$ref': schema['$ref']})} | and its fields |")
    for part in schema.get("allOf", []):
        rows += rows_of(part, definitions)
    for name in ("oneOf", "anyOf"):
        branches = [branch for branch in schema.get(name, []) if rows_of(branch, definitions)]
        for place, branch in enumerate(branches):
            rows.append(f"| | {'or' if place else 'either'} | {text_in_cell(branch.get('description', ''))} |")
            rows += rows_of(branch, definitions)
    return rows


def table_of(schema, definitions):
    rows = rows_of(schema, definitions)
    if not rows:
        named = [branch for branch in schema.get("oneOf", []) if "const" in branch]
        rows = [f"| | {type_of(branch)} | {text_in_cell(branch.get('description', ''))} |" for branch in named]
    if not rows:
        return [f"{type_of(schema)}.", ""]
    return ["| field | type | meaning |", "|---|---|---|", *rows, ""]


def section_of(name, schema):
    definitions = schema.get("$defs", {})
    lines = [
        f"## {name}",
        "",
        f"{schema.get('description', '').strip()} [{name}.json](schema/{name}.json)".strip(),
        "",
        *table_of(schema, definitions),
    ]
    for part, about in definitions.items():
        lines += [f"### {name}: {part}", ""]
        if "description" in about:
            lines += [about["description"].strip(), ""]
        lines += table_of(about, definitions)
    return lines


def write_schemas(source, directory):
    """Writes a page for the outputs of each top-level command, and the schemas themselves; returns their lines for the table of contents."""
    (directory / "schema").mkdir()
    pages = {}
    for path in sorted(source.glob("*.json")):
        shutil.copyfile(path, directory / "schema" / path.name)
        schema = json.loads(path.read_text(encoding="utf-8"))
        pages.setdefault(path.stem.split("-")[0], []).append((path.stem, schema))
    overview = [
        "# JSON schemas",
        "",
        "What `hsm-ca schema` prints: the JSON Schema (2020-12) of every output. [JSON for programs](../docs/json.md) says what is",
        "stable. Each output has a table of its fields, and the schema as a file.",
        "",
        "| output | schema | meaning |",
        "|---|---|---|",
    ]
    contents = []
    for group, schemas in pages.items():
        lines = [f"# JSON: {group}", ""]
        for name, schema in schemas:
            lines += section_of(name, schema)
            about = text_in_cell(schema.get("description", ""))
            identifier = schema["properties"]["schema"]["const"]
            overview.append(f"| [{name}](schemas-{group}.md#{name}) | `{identifier}` | {about} |")
        (directory / f"schemas-{group}.md").write_text("\n".join(lines), encoding="utf-8")
        contents.append(f"    - [{group}](reference/schemas-{group}.md)")
    (directory / "schemas.md").write_text("\n".join([*overview, ""]), encoding="utf-8")
    return contents
