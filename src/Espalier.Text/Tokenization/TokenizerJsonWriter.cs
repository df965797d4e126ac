using System.Security.Cryptography;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Espalier.Text.Tokenization;

/// <summary>Writes Hugging Face's <c>tokenizer.json</c>: the same bytes for the same tokenizer, without white space, for the file is a
/// large part of a small package.</summary>
internal static class TokenizerJsonWriter
{
    // The byte alphabet stays readable. The file is data, never part of a web page, so nothing in it needs to hide.
    private static readonly JsonWriterOptions Compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    // What fingerprints are of: so they were before files lost their white space, and those in manifests still hold.
    private static readonly JsonWriterOptions Indented = Compact with { Indented = true, NewLine = "\n" };

    /// <summary>The file.</summary>
    public static byte[] Write(Vocabulary vocabulary, SpecialTokens special) => Write(vocabulary, special, Compact);

    /// <summary>SHA-256, in lower-case hex, of the file with white space: lines indented by two spaces.</summary>
    public static string Fingerprint(Vocabulary vocabulary, SpecialTokens special)
        => Convert.ToHexStringLower(SHA256.HashData(Write(vocabulary, special, Indented)));

    private static byte[] Write(Vocabulary vocabulary, SpecialTokens special, JsonWriterOptions options)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, options))
        {
            json.WriteStartObject();
            json.WriteString("version", "1.0");
            json.WriteNull("truncation");
            json.WriteNull("padding");
            WriteAddedTokens(json, vocabulary.Added);
            json.WriteNull("normalizer");
            WriteByteLevel(json, "pre_tokenizer", vocabulary.AddPrefixSpace);
            WritePostProcessor(json, vocabulary.AddPrefixSpace, special);
            WriteByteLevel(json, "decoder", addPrefixSpace: true);
            WriteModel(json, vocabulary);
            json.WriteEndObject();
        }
        stream.WriteByte((byte)'\n');
        return stream.ToArray();
    }

    private static void WriteAddedTokens(Utf8JsonWriter json, IEnumerable<AddedToken> added)
    {
        json.WriteStartArray("added_tokens");
        foreach (AddedToken token in added.OrderBy(token => token.Id))
        {
            json.WriteStartObject();
            json.WriteNumber("id", token.Id);
            json.WriteString("content", token.Content);
            json.WriteBoolean("single_word", token.SingleWord);
            json.WriteBoolean("lstrip", token.LeftStrip);
            json.WriteBoolean("rstrip", token.RightStrip);
            json.WriteBoolean("normalized", token.Normalized);
            json.WriteBoolean("special", token.Special);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static void WriteByteLevel(Utf8JsonWriter json, string name, bool addPrefixSpace)
    {
        json.WriteStartObject(name);
        json.WriteString("type", "ByteLevel");
        json.WriteBoolean("add_prefix_space", addPrefixSpace);
        json.WriteBoolean("trim_offsets", true);
        json.WriteBoolean("use_regex", true);
        json.WriteEndObject();
    }

    private static void WritePostProcessor(Utf8JsonWriter json, bool addPrefixSpace, SpecialTokens special)
    {
        json.WriteStartObject("post_processor");
        json.WriteString("type", "RobertaProcessing");
        WriteRole("sep", "</s>", special.Eos);
        WriteRole("cls", "<s>", special.Bos);
        json.WriteBoolean("trim_offsets", true);
        json.WriteBoolean("add_prefix_space", addPrefixSpace);
        json.WriteEndObject();

        void WriteRole(string role, string token, int id)
        {
            json.WriteStartArray(role);
            json.WriteStringValue(token);
            json.WriteNumberValue(id);
            json.WriteEndArray();
        }
    }

    private static void WriteModel(Utf8JsonWriter json, Vocabulary vocabulary)
    {
        json.WriteStartObject("model");
        json.WriteString("type", "BPE");
        json.WriteNull("dropout");
        json.WriteNull("unk_token");
        json.WriteNull("continuing_subword_prefix");
        json.WriteNull("end_of_word_suffix");
        json.WriteBoolean("fuse_unk", false);
        json.WriteBoolean("byte_fallback", false);
        json.WriteBoolean("ignore_merges", vocabulary.WholeWordsFirst);
        json.WriteStartObject("vocab");
        var tokenOf = new Dictionary<int, string>(vocabulary.Tokens.Count);
        foreach ((string token, int id) in vocabulary.Tokens.OrderBy(entry => entry.Value))
        {
            json.WriteNumber(token, id);
            tokenOf[id] = token;
        }
        json.WriteEndObject();
        // As "left right", the form that old and new readers take: a token of the byte alphabet holds no space.
        json.WriteStartArray("merges");
        foreach (Merge merge in vocabulary.Merges)
            json.WriteStringValue($"{tokenOf[merge.Left]} {tokenOf[merge.Right]}");
        json.WriteEndArray();
        json.WriteEndObject();
    }
}
