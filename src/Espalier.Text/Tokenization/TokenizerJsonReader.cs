using System.Text.Json;

namespace Espalier.Text.Tokenization;

/// <summary>
/// Reads Hugging Face's <c>tokenizer.json</c> where it describes byte-level BPE, and refuses what would give other ids than
/// theirs. Truncation, padding and post-processing do not change how text becomes ids, and are left out.
/// </summary>
internal static class TokenizerJsonReader
{
    public static Vocabulary Read(string file) => JsonFile.Read(file, root => Read(root, file));

    private static Vocabulary Read(JsonElement root, string file)
    {
        JsonElement model = root.Member("model") ?? throw new TextException("has no \"model\"; expected Hugging Face's tokenizer.json", file);
        // Files from before the type was written have a BPE model where there are merges.
        if (model.Member("type") is JsonElement type ? !Is(type, "BPE") : model.Member("merges") is null)
            throw Refuse("the model", model.Member("type") ?? model, "BPE");
        if (root.Member("normalizer") is JsonElement normalizer)
            throw Refuse("the normalizer", normalizer, "none, for only then does decoding give back what was encoded");
        JsonElement split = root.Member("pre_tokenizer") ?? throw new TextException("has no pre_tokenizer; expected ByteLevel", file);
        if (!IsByteLevel(split) || !split.Flag("use_regex", true, file))
            throw Refuse("the pre_tokenizer", split, "ByteLevel with use_regex");
        if (root.Member("decoder") is JsonElement decoder && !IsByteLevel(decoder))
            throw Refuse("the decoder", decoder, "ByteLevel");
        foreach (string option in (string[])["dropout", "continuing_subword_prefix", "end_of_word_suffix"])
            if (model.Member(option) is JsonElement value && value.GetRawText() is not ("\"\"" or "0" or "0.0"))
                throw Refuse($"model.{option}", value, "none");
        if (model.Flag("byte_fallback", false, file))
            throw new TextException("model.byte_fallback is true; expected byte-level BPE, which needs no fallback", file);

        Dictionary<string, int> tokens = JsonFile.ReadVocabulary(
            model.Member("vocab") ?? throw new TextException("has no model.vocab", file), file);
        AddedToken[] added = [.. ReadAdded(root, file)];
        var vocabulary = new Vocabulary(tokens, ReadMerges(model, tokens, file), added)
        {
            AddPrefixSpace = split.Flag("add_prefix_space", true, file),
            WholeWordsFirst = model.Flag("ignore_merges", false, file),
        };
        CheckFraming(root, vocabulary.FindSpecialTokens(file), file);
        return vocabulary;

        TextException Refuse(string what, JsonElement found, string expected) =>
            new($"{what} is {JsonFile.Show(found)}; expected {expected}. Only byte-level BPE tokenizers can be read", file);
    }

    private static List<Merge> ReadMerges(JsonElement model, Dictionary<string, int> tokens, string file)
    {
        if (model.Member("merges") is not { ValueKind: JsonValueKind.Array } merges)
            throw new TextException("has no array model.merges", file);
        var parser = new MergeParser(tokens, file);
        var read = new List<Merge>(merges.GetArrayLength());
        foreach (JsonElement merge in merges.EnumerateArray())
        {
            int number = read.Count + 1;
            read.Add(merge.ValueKind switch
            {
                JsonValueKind.String => parser.Parse(merge.GetString()!, number),
                JsonValueKind.Array when merge.GetArrayLength() == 2 && merge.EnumerateArray().All(part => part.ValueKind == JsonValueKind.String) =>
                    parser.Make(merge[0].GetString()!, merge[1].GetString()!, number),
                _ => throw new TextException($"merge {number} is {JsonFile.Show(merge)}; expected \"left right\" or [\"left\", \"right\"]", file),
            });
        }
        return read;
    }

    private static IEnumerable<AddedToken> ReadAdded(JsonElement root, string file)
    {
        if (root.Member("added_tokens") is not JsonElement added)
            yield break;
        if (added.ValueKind != JsonValueKind.Array)
            throw new TextException($"added_tokens is {JsonFile.Show(added)}; expected an array", file);
        foreach (JsonElement token in added.EnumerateArray())
        {
            if (token.Member("id") is not { ValueKind: JsonValueKind.Number } number || !number.TryGetInt32(out int id)
                || token.Member("content") is not { ValueKind: JsonValueKind.String } text || text.GetString() is not { Length: > 0 } content)
                throw new TextException($"an added token is {JsonFile.Show(token)}; expected an id and a content", file);
            yield return new AddedToken(id, content, token.Flag("single_word", false, file), token.Flag("lstrip", false, file),
                token.Flag("rstrip", false, file), token.Flag("normalized", true, file), token.Flag("special", false, file));
        }
    }

    // Framing is done by batches, from the roles; a file that frames otherwise would be trained differently than it says.
    private static void CheckFraming(JsonElement root, SpecialTokens special, string file)
    {
        if (root.Member("post_processor") is not JsonElement framing || !Is(framing.Member("type"), "RobertaProcessing"))
            return;
        foreach ((string role, int id) in new[] { ("cls", special.Bos), ("sep", special.Eos) })
            if (framing.Member(role) is not { ValueKind: JsonValueKind.Array } pair || pair.GetArrayLength() != 2
                || pair[1].ValueKind != JsonValueKind.Number || !pair[1].TryGetInt32(out int found) || found != id)
                throw new TextException($"post_processor.{role} is {framing.Member(role)}; expected the token with id {id}", file);
    }

    private static bool IsByteLevel(JsonElement element) => Is(element.Member("type"), "ByteLevel");

    private static bool Is(JsonElement? element, string value) => element is { ValueKind: JsonValueKind.String } text && text.ValueEquals(value);
}
