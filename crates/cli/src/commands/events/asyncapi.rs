//! The catalogue of events as an `AsyncAPI` document.

use admitone_app::events::catalogue::{EventKind, Field, Form, KINDS};
use serde_json::{Map, Value, json};

const INFO: &str = "What a house tells endpoints of webhooks: at least once, in order for each \
                    thing, signed after Standard Webhooks. docs/events.md says what is promised.";

/// The document.
pub(crate) fn document() -> Value {
    let referred = |kind: &EventKind| {
        let to = json!({ "$ref": format!("#/components/messages/{}", kind.name) });
        (kind.name.to_owned(), to)
    };
    let messages: Map<String, Value> = KINDS.iter().map(referred).collect();
    let described: Map<String, Value> =
        KINDS.iter().map(|kind| (kind.name.to_owned(), message(kind))).collect();
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "admitone",
            "version": env!("CARGO_PKG_VERSION"),
            "description": INFO,
            "license": { "name": "MIT OR Apache-2.0" },
        },
        "defaultContentType": "application/json",
        "channels": {
            "endpoint": {
                "address": null,
                "title": "An endpoint of webhooks",
                "description": "The address that an operator named.",
                "messages": messages,
            },
        },
        "operations": {
            "tell": {
                "action": "send",
                "channel": { "$ref": "#/channels/endpoint" },
                "summary": "Tells an endpoint what happened.",
                "bindings": { "http": { "method": "POST", "bindingVersion": "0.3.0" } },
            },
        },
        "components": { "messages": described, "schemas": { "Headers": headers() } },
    })
}

/// The three headers of Standard Webhooks.
fn headers() -> Value {
    let text = |about: &str, pattern: &str| json!({ "type": "string", "description": about, "pattern": pattern });
    json!({
        "type": "object",
        "required": ["webhook-id", "webhook-timestamp", "webhook-signature"],
        "properties": {
            "webhook-id": text("The same at every attempt.", "^evt_[0-9]+$"),
            "webhook-timestamp": text("When this attempt was made, in seconds.", "^[0-9]+$"),
            "webhook-signature": text(
                "HMAC-SHA256 over id, timestamp and body; several with blanks between them.",
                "^v1,[A-Za-z0-9+/=]+( v1,[A-Za-z0-9+/=]+)*$",
            ),
        },
    })
}

fn message(kind: &EventKind) -> Value {
    json!({
        "name": kind.name,
        "summary": kind.about,
        "headers": { "$ref": "#/components/schemas/Headers" },
        "payload": {
            "type": "object",
            "required": ["type", "timestamp", "data"],
            "properties": {
                "type": { "const": kind.name },
                "timestamp": {
                    "type": "string",
                    "format": "date-time",
                    "description": "When it happened.",
                },
                "data": data(kind),
            },
        },
    })
}

fn data(kind: &EventKind) -> Value {
    let aggregate = kind.name.split('.').next().unwrap_or(kind.name);
    let mut properties = Map::new();
    let text = |about: &str| json!({ "type": "string", "description": about });
    properties.insert("id".to_owned(), text("The id of what it happened to."));
    properties.insert("aggregate".to_owned(), json!({ "const": aggregate }));
    let version = "Of what it happened to, after it.";
    let version = json!({ "type": "integer", "minimum": 1, "description": version });
    properties.insert("version".to_owned(), version);
    let link = "Where an operator reads what it happened to.";
    let link = json!({ "type": ["string", "null"], "description": link });
    properties.insert("link".to_owned(), link);
    for field in kind.fields {
        properties.insert(field.name.to_owned(), schema(field));
    }
    let required: Vec<&String> = properties.keys().collect();
    json!({ "type": "object", "required": required, "properties": properties })
}

fn schema(field: &Field) -> Value {
    let mut schema = match field.form {
        Form::Id(prefix) => json!({ "type": "string", "pattern": format!("^{prefix}_") }),
        Form::MaybeId(prefix) => {
            json!({ "type": ["string", "null"], "pattern": format!("^{prefix}_") })
        }
        Form::Moment => json!({ "type": "string", "format": "date-time" }),
        Form::Number => json!({ "type": "integer", "minimum": 0 }),
        Form::Numbers => json!({ "type": "array", "items": { "type": "integer", "minimum": 0 } }),
        Form::Text => json!({ "type": "string" }),
        Form::Word(words) => json!({ "type": "string", "enum": words }),
    };
    schema["description"] = json!(field.about);
    schema
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_is_a_message_and_every_reference_leads_to_one() {
        let document = document();
        for kind in KINDS {
            let data =
                &document["components"]["messages"][kind.name]["payload"]["properties"]["data"];
            for field in kind.fields {
                let described = &data["properties"][field.name];
                assert_eq!(described["description"], field.about, "{} {}", kind.name, field.name);
                assert!(data["required"].as_array().unwrap().contains(&json!(field.name)));
            }
            let reference = &document["channels"]["endpoint"]["messages"][kind.name]["$ref"];
            let path = reference.as_str().unwrap().strip_prefix('#').unwrap();
            assert_eq!(document.pointer(path).unwrap()["name"], kind.name);
        }
    }
}
