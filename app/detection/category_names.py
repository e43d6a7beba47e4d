"""The categories of attack that Vigil names."""

CATEGORIES = frozenset(
    {
        "authority_claim",
        "delimiter_injection",
        "encoding_evasion",
        "exfiltration",
        "indirect_injection",
        "instruction_override",
        "output_manipulation",
        "persona_jailbreak",
        "policy_puppetry",
        "prompt_leak",
        "social_engineering",
        "tool_abuse",
    }
)
