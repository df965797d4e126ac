namespace Espalier.Text.Tokenization;

/// <summary>Reads the older pair of files, <c>vocab.json</c> and <c>merges.txt</c>, as RoBERTa was published.</summary>
internal static class VocabularyPairReader
{
    public static Vocabulary Read(string vocabularyFile, string mergesFile)
    {
        Dictionary<string, int> tokens = JsonFile.Read(vocabularyFile, root => JsonFile.ReadVocabulary(root, vocabularyFile));
        var parser = new MergeParser(tokens, mergesFile);
        var merges = new List<Merge>();
        int line = 0;
        foreach (string text in File.ReadLines(mergesFile))
        {
            line++;
            if (text.Length > 0 && !text.StartsWith("#version", StringComparison.Ordinal))
                merges.Add(parser.Parse(text, merges.Count + 1, line));
        }
        return new Vocabulary(tokens, merges, Vocabulary.RobertaTokens(Role("<s>"), Role("<pad>"), Role("</s>"), Role("<unk>"), Role("<mask>")));

        int Role(string name) => tokens.TryGetValue(name, out int id) ? id : throw new TextException(
            $"has no token {name}; expected RoBERTa's special tokens <s>, <pad>, </s>, <unk>, <mask>", vocabularyFile);
    }
}
