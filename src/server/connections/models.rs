//! Connections that hold the key of a model provider.

use url::Url;

use crate::server::db::ConnectionRecord;

/// The kind of connection that holds the key of a model provider.
pub const LLM: &str = "llm";

/// Providers that speak OpenAI's chat completions, with their base URLs as they publish them.
const PROVIDERS: [(&str, &str); 6] = [
    ("anthropic", "https://api.anthropic.com/v1"),
    ("deepseek", "https://api.deepseek.com/v1"),
    ("groq", "https://api.groq.com/openai/v1"),
    ("mistral", "https://api.mistral.ai/v1"),
    ("openai", "https://api.openai.com/v1"),
    ("openrouter", "https://openrouter.ai/api/v1"),
];

/// The base URL of the provider that a connection holds a key for: its own, or the one that its
/// provider is known for.
pub fn models_at(record: &ConnectionRecord) -> Option<Url> {
    let known = || PROVIDERS.iter().find(|(name, _)| *name == record.provider).map(|(_, base)| *base);
    record.server_url.as_deref().or_else(known)?.parse().ok()
}

/// Whether a connection answers for models that no step names a key for.
pub fn holds_models(record: &ConnectionRecord) -> bool {
    record.service == LLM && models_at(record).is_some()
}
