using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json.Nodes;
using Espalier.Text.Tokenization;

namespace Espalier.Tests.Text.Tokenization;

public class TokenizerTests
{
    [Fact]
    public void Encode_HostileText_GivesTheIdsOfHuggingFace()
    {
        int cases = 0;
        foreach ((string text, int[] ids) in Golden.Cases())
        {
            Assert.True(ids.SequenceEqual(Golden.Tokenizer.Encode(text)), $"differs: {text}");
            cases++;
        }
        Assert.True(cases > 100);
    }

    [Fact]
    public void Encode_WhiteSpaceTokenBehindOneThatSwallowsIt_IsFoundAsHuggingFaceDoes()
    {
        Tokenizer tokenizer = TestTokenizer.Changed(json =>
        {
            foreach ((int id, string content, bool strips) in new[] { (4_000, "<go>", true), (4_001, "\t", false) })
                json["added_tokens"]!.AsArray().Add(new JsonObject { ["id"] = id, ["content"] = content, ["rstrip"] = strips, ["normalized"] = false });
        });
        Assert.Equal([.. tokenizer.Encode("tree"), 4_000, 4_001, .. tokenizer.Encode("  tree")], tokenizer.Encode("tree<go> \t  tree"));
    }

    [Fact]
    public void DecodeBytes_AnyBytes_AreThoseEncoded()
    {
        var random = new Random(21);
        var ids = new List<int>();
        for (int trial = 0; trial < 2_000; trial++)
        {
            byte[] bytes = new byte[random.Next(400)];
            random.NextBytes(bytes);
            if (trial % 2 == 0)
                for (int i = 0; i < bytes.Length; i++)
                    bytes[i] = (byte)(bytes[i] % 4 == 0 ? 0x80 | bytes[i] : " abe'"[bytes[i] % 5]);
            ids.Clear();
            Golden.Tokenizer.Encode(bytes, ids);
            Assert.Equal(bytes, Golden.Tokenizer.DecodeBytes([.. ids]));
        }
    }

    [Fact]
    public void Encode_WordsOfAllLengths_MergesTheEarliestLearntPairFirst()
    {
        Vocabulary vocabulary = TokenizerJsonReader.Read(Golden.File);
        var random = new Random(22);
        for (int length = 1; length < 300; length++)
        {
            byte[] word = [.. Enumerable.Range(0, length).Select(_ => (byte)"theandirsw"[random.Next(10)])];
            Assert.Equal(MergeOneByOne(vocabulary, word), Golden.Tokenizer.Encode(Encoding.ASCII.GetString(word)));
        }
    }

    [Fact]
    public void Encode_ManyThreadsAtOnce_GivesEachTheSameIds()
    {
        (string Text, int[] Ids)[] cases = [.. Golden.Cases()];
        Tokenizer cold = Tokenizer.Load(Golden.File);
        Parallel.For(0, 8, new ParallelOptions { MaxDegreeOfParallelism = 8 }, thread =>
        {
            for (int i = 0; i < cases.Length; i++)
            {
                (string text, int[] ids) = cases[(i + (thread * 37)) % cases.Length];
                Assert.Equal(ids, cold.Encode(text));
            }
        });
    }

    [Fact]
    public void Encode_WarmTokenizer_AllocatesNothing()
    {
        byte[] text = Encoding.UTF8.GetBytes($"The trees, 42 of them, don't mind. <mask> é中 {new string('x', 60)} {new string('y', 500)}");
        var ids = new List<int>(10_000);
        Golden.Tokenizer.Encode(text, ids);
        ids.Clear();
        long before = GC.GetAllocatedBytesForCurrentThread();
        Golden.Tokenizer.Encode(text, ids);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void Decode_SpecialTokens_AreLeftOutUnlessAskedFor()
    {
        SpecialTokens special = Golden.Tokenizer.Special;
        int[] ids = [special.Bos, .. Golden.Tokenizer.Encode("a tree"), special.Mask, special.Eos];
        Assert.Equal("a tree", Golden.Tokenizer.Decode(ids));
        Assert.Equal("<s>a tree<mask></s>", Golden.Tokenizer.Decode(ids, skipSpecial: false));
    }

    [Fact]
    public void Special_TrainedTokenizer_HasTheRolesOfRoberta()
    {
        Assert.Equal(new SpecialTokens(0, 1, 2, 3, Golden.Tokenizer.VocabularySize - 1), Golden.Tokenizer.Special);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(420)]
    public void Decode_IdOutsideTheVocabulary_Throws(int id)
    {
        var fault = Assert.Throws<ArgumentOutOfRangeException>(() => Golden.Tokenizer.Decode([id]));
        Assert.Contains(id.ToString(), fault.Message);
    }

    [Fact]
    public void Save_ThenLoad_IsTheSameTokenizer()
    {
        using var folder = new TemporaryFolder();
        Golden.Tokenizer.Save(folder["new/tokenizer.json"]);
        Assert.Equal(Golden.Tokenizer.Fingerprint, Tokenizer.Load(folder["new"]).Fingerprint);

        // As it was before files lost their white space: manifests hold it.
        string saved = File.ReadAllText(folder["new/tokenizer.json"]);
        string indented = JsonNode.Parse(saved)!.ToJsonString(new() { WriteIndented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }) + "\n";
        Assert.Equal(Golden.Tokenizer.Fingerprint, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(indented))));
        Assert.DoesNotContain('\n', saved.TrimEnd());
        Assert.Single(Directory.GetFiles(folder["new"]));
    }

    private static List<int> MergeOneByOne(Vocabulary vocabulary, byte[] word)
    {
        List<int> symbols = [.. word.Select(value => vocabulary.Tokens[ByteAlphabet.Write([value])])];
        while (true)
        {
            (int at, Merge merge) = vocabulary.Merges.Select(merge => (Find(merge), merge)).FirstOrDefault(found => found.Item1 >= 0, (-1, default));
            if (at < 0)
                return symbols;
            symbols[at] = merge.Result;
            symbols.RemoveAt(at + 1);
        }

        int Find(Merge merge)
        {
            for (int i = 0; i + 1 < symbols.Count; i++)
                if (symbols[i] == merge.Left && symbols[i + 1] == merge.Right)
                    return i;
            return -1;
        }
    }
}
