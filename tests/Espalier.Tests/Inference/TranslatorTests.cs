using Espalier.Compression;
using Espalier.Compression.Quantization;
using Espalier.Engine.Search;
using Espalier.Engine.Weights;
using Espalier.Inference;
using Espalier.Pipeline.Packages;
using Espalier.Tests.Training.Translation;
using Espalier.Text;
using Espalier.Training.Translation;

namespace Espalier.Tests.Inference;

public sealed class TranslatorTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _model;

    public TranslatorTests()
    {
        SmallTranslation.Data(_folder);
        using TranslationRun run = SmallTranslation.Create(_folder, "run");
        run.Train();
        _model = _folder["run/model"];
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Translate_LinesOfEveryKind_GivesOneForEachInOrder()
    {
        using Translator translator = Translator.Open(_model, new BeamSettings { LengthFactor = 0, LengthOffset = 6 }, threads: 1);
        string[] lines = ["one two six", "", "  \t ", "red", string.Join(' ', Enumerable.Repeat("sun", 1500)), "one two six", "Ünïcødé 🐕 <s> </s>"];
        IReadOnlyList<TextTranslation> translations = translator.Translate(lines);
        Assert.Equal(lines.Length, translations.Count);
        Assert.Equal(("", ""), (translations[1].Text, translations[2].Text));
        Assert.Equal(translations[0], translations[5]);
        Assert.Equal(translations[0].Text, translator.Translate("one two six"));
        Assert.Equal([4], Enumerable.Range(0, lines.Length).Where(i => translations[i].Truncated));
        Assert.All(translations, t => Assert.DoesNotContain('\n', t.Text));
    }

    [Fact]
    public void Translate_WhatIsWrittenLikeSpecialTokensOrBreaksTheLine_IsTextOfOneLine()
    {
        using Translator translator = Translator.Open(_model, new BeamSettings { LengthFactor = 0, LengthOffset = 6 }, threads: 1);
        Assert.Equal(translator.Translate("one two"), translator.Translate("\u00A0one two\r\n"));
        Assert.Equal(translator.Translate("one two"), translator.Translate("\uFEFFone two"));
        Assert.Equal(translator.Translate(["one two six"])[0], translator.Translate(["one\rtwo\nsix "])[0]);
        Assert.NotEqual(translator.Translate(["one </s> two"])[0].Score, translator.Translate(["one two"])[0].Score);
    }

    [Fact]
    public void Open_AsAClassifier_SaysWhatItIs()
        => Assert.Contains("is a model that translates", Assert.Throws<InferenceException>(() => TextClassifier.Open(_model)).Message, StringComparison.Ordinal);

    [Fact]
    public void Measure_SentenceWithoutReference_IsFoundBeforeAnyIsTranslated()
    {
        using Translator translator = Translator.Open(_model, threads: 1);
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        Assert.Contains(
            "sentence 2 is empty",
            Assert.Throws<TextException>(() => TranslationMeasure.Of(translator, ["one", "two"], ["xone", ""], null, cancelled.Token)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Open_Package_TranslatesLikeTheWeightsThatItDecodesTo()
    {
        QuantizationOutcome outcome = new TranslationQuantization(_model, new QuantizationSettings { Bits = 8 }).Write(_folder["package"]);
        Assert.InRange(outcome.BitsPerWeight, 8, 9);
        Assert.True(TranslationFolder.IsAt(_folder["package"]));
        ModelWeights whole = ModelWeights.Load(Path.Join(_model, "model.safetensors"));
        new TranslationQuantization(_folder["package"], new QuantizationSettings { Keep = ["*"] }).Write(_folder["decoded"]);
        Assert.Equal(whole.Count, ModelWeights.Load(_folder["decoded/model.safetensors"]).Count);
        var greedy = new BeamSettings { Beam = 1, LengthFactor = 0 };
        using Translator package = Translator.Open(_folder["package"], greedy, 1), decoded = Translator.Open(_folder["decoded"], greedy, 1);
        string[] lines = File.ReadAllLines(_folder["dev.a"]);
        Assert.Equal(decoded.Translate(lines).Select(t => t.Text), package.Translate(lines).Select(t => t.Text));
        Assert.All(decoded.Translate(lines).Zip(package.Translate(lines)), pair => Assert.Equal(pair.First.Score, pair.Second.Score, 1e-4));

        // Activations of eight bits change scores, and those little.
        using Translator integer = Translator.Open(_folder["package"], greedy, 1, ActivationPrecision.Integer);
        double[] difference = [.. package.Translate(lines).Zip(integer.Translate(lines), (s, i) => Math.Abs(s.Score - i.Score))];
        Assert.InRange(difference.Max(), 1e-6, 0.5);
    }

    [Fact]
    public void Open_PackageWithAByteOfItsWeightsChanged_IsRefused()
    {
        new TranslationQuantization(_model, new QuantizationSettings { Bits = 8 }).Write(_folder["package"]);
        string weights = _folder["package/model.safetensors"];
        byte[] bytes = File.ReadAllBytes(weights);
        bytes[^1] ^= 1;
        File.WriteAllBytes(weights, bytes);
        Assert.Contains("SHA-256", Assert.Throws<InferenceException>(() => Translator.Open(_folder["package"], threads: 1)).Message);
    }

    [Fact]
    public void Open_EndThatIsNoSymbol_IsRefused()
    {
        string path = Path.Join(_model, "config.json"), config = File.ReadAllText(path);
        File.WriteAllText(path, config.Replace("\"eos_token_id\": 2", "\"eos_token_id\": 290", StringComparison.Ordinal));
        Assert.Contains("token 290", Assert.Throws<InferenceException>(() => Translator.Open(_model, threads: 1)).Message);
    }

    [Theory]
    [InlineData("config.json", "{\"model_type\":\"roberta\"}", "config")]
    [InlineData("config.json", "no JSON", "is no configuration of a model that translates")]
    [InlineData("config.json", null, "is no readable model")]
    [InlineData("model.safetensors", "short", "cannot be opened")]
    [InlineData("tokenizer.json", "{}", "cannot be opened")]
    public void Open_FileMissingOrOfAnotherKind_IsRefusedWithItsName(string file, string? content, string message)
    {
        File.Delete(Path.Join(_model, file));
        if (content != null)
        {
            File.WriteAllText(Path.Join(_model, file), content);
        }

        Assert.Contains(message, Assert.Throws<InferenceException>(() => Translator.Open(_model)).Message);
    }
}
