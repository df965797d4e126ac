using System.Text;
using System.Text.Json;
using Espalier.Cli.CommandLine;
using Espalier.Compression;
using Espalier.Compression.Packages;
using Espalier.Compression.Pruning;
using Espalier.Compression.Quantization;
using Espalier.Engine.Autograd;
using Espalier.Engine.Devices;
using Espalier.Engine.Models;
using Espalier.Engine.Safetensors;
using Espalier.Engine.Weights;
using Espalier.Inference;
using Espalier.Pipeline.Packages;
using Espalier.Tests.Text;
using Espalier.Text.Labelled;
using Espalier.Training.Objectives;
using Espalier.Training.Runs;

namespace Espalier.Tests.Inference;

public class TextClassifierTests
{
    private static readonly string[] Names = ["bad", "good", "neither"];

    private static readonly TextInput[] Inputs =
        [.. Enumerable.Range(0, 300).Select(i => new TextInput($"text {i} and {i * 7}", i % 3 == 0 ? $"second {i}" : null))];

    [Fact]
    public void Predict_OfTheSameModel_IsWhatEvaluationMeasures()
    {
        using var folder = new TemporaryFolder();
        Write(folder.Path);
        File.WriteAllLines(folder["set.tsv"], ["sentence\tlabel", "a fine day\tgood", "a bad day\tbad", "the third of them\tneither"]);
        using var device = new CpuDevice(1);
        using var trained = TrainedClassifier.Load(folder.Path, device);
        LabelledSet set = LabelledSet.Read(folder["set.tsv"], new LabelledSetOptions(), new LabelVocabulary(trained.Labels));
        ClassifierResult expected = trained.Measure(EncodedExamples.Encode(set, trained.Tokenizer, 32));

        using var classifier = TextClassifier.Open(folder.Path, 1);
        Assert.Equal(Names, classifier.Labels);
        for (int i = 0; i < 3; i++)
        {
            LabelPrediction prediction = classifier.Predict(set.Examples[i].First);
            Assert.Equal(Names[expected.Predictions[i].Predicted], prediction.Label);
            Assert.All(prediction.Probabilities.Zip(expected.Predictions[i].Probabilities), p => Assert.Equal(p.First, p.Second, 1e-5));
        }
    }

    [Theory]
    [InlineData(4, 0)]
    [InlineData(32, 0.8)]
    [InlineData(6, 0.8)]
    public void Predict_CompressedPackage_IsWhatEvaluationMeasuresOfIt(int bits, double sparsity)
    {
        using var folder = new TemporaryFolder();
        string plain = Directory.CreateDirectory(folder["model"]).FullName, package = folder["package"];
        Write(plain);
        StoredModel model = StoredModel.Load(plain);
        WeightMasks masks = sparsity == 0 ? WeightMasks.None : MagnitudePruning.Prune(model.Weights, sparsity, new PruningSettings());
        ModelPackage.Create(package, model, [.. masks.Apply(model.Weights).Tensors.Select(t => PackedTensor.Of(
            t, bits == 32 || t.Shape.Rank == 1 ? null : new QuantizationScheme(bits), RangeRule.MinMax, masks.Of(t.Name)))]);
        Assert.True(CompressedWeights.AreIn(package));
        using var device = new CpuDevice(1);
        using TrainedClassifier measured = ModelPackage.OpenClassifier(package, device);
        string[] texts = [.. Inputs.Take(5).Select(input => input.First)];
        File.WriteAllLines(folder["set.tsv"], ["sentence\tlabel", .. texts.Select(text => $"{text}\tbad")]);
        LabelledSet set = LabelledSet.Read(folder["set.tsv"], new LabelledSetOptions(), new LabelVocabulary(measured.Labels));
        ClassifierResult expected = measured.Measure(EncodedExamples.Encode(set, measured.Tokenizer, 32));

        using var classifier = TextClassifier.Open(package, 1);
        IReadOnlyList<LabelPrediction> predictions = classifier.Predict([.. texts.Select(text => new TextInput(text))]);
        for (int i = 0; i < predictions.Count; i++)
            Assert.All(predictions[i].Probabilities.Zip(expected.Predictions[i].Probabilities), p => Assert.Equal(p.First, p.Second, 1e-5));

        File.WriteAllText(Path.Join(package, "config.json"), File.ReadAllText(Path.Join(package, "config.json")).Replace("\"format\":1", "\"format\":9"));
        Assert.Contains("version 9", Assert.Throws<InferenceException>(() => TextClassifier.Open(package)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Predict_PackageThatSaysIntegers_RunsWithThemUnlessToldOtherwise()
    {
        using var folder = new TemporaryFolder();
        string plain = Directory.CreateDirectory(folder["model"]).FullName, package = folder["package"];
        Write(plain);
        StoredModel model = StoredModel.Load(plain);
        ModelPackage.Create(package, model, [.. model.Weights.Tensors.Select(t => PackedTensor.Of(
            t, t.Shape.Rank == 1 ? null : new QuantizationScheme(8), RangeRule.MinMax))], ActivationPrecision.Integer);
        double[] asItSays = Of(null);
        Assert.Equal(Of(ActivationPrecision.Integer), asItSays);
        Assert.NotEqual(Of(ActivationPrecision.Single), asItSays);
        using var device = new CpuDevice(1);
        using TrainedClassifier measured = ModelPackage.OpenClassifier(package, device);
        Assert.Contains(measured.Weights.All, p => p.Compressed is QuantizedWeight { Activations: ActivationPrecision.Integer });
        Assert.Equal(0, (await Run("one text\n", "predict", "--model", package, "--activations", "Single")).Code);

        double[] Of(ActivationPrecision? activations)
        {
            using var classifier = TextClassifier.Open(package, 1, activations);
            return [.. classifier.Predict(Inputs[..20]).SelectMany(p => p.Probabilities)];
        }
    }

    [Fact]
    public void Predict_ManyAtOnceFromSeveralThreads_IsEachOneAlone()
    {
        using var folder = new TemporaryFolder();
        Write(folder.Path);
        using var classifier = TextClassifier.Open(folder.Path, 1);
        var results = new IReadOnlyList<LabelPrediction>[3];
        Parallel.For(0, results.Length, i => results[i] = classifier.Predict(Inputs));
        Assert.All(results, result => Assert.Equal(Inputs.Length, result.Count));
        foreach (int i in (int[])[0, 1, 150, 299])
        {
            LabelPrediction alone = classifier.Predict(Inputs[i].First, Inputs[i].Second);
            foreach (IReadOnlyList<LabelPrediction> result in results)
                Assert.All(alone.Probabilities.Zip(result[i].Probabilities), p => Assert.Equal(p.First, p.Second, 1e-5));
        }
        Assert.Empty(classifier.Predict([]));
        Assert.True(classifier.Predict(new string('x', 500)).Truncated);
    }

    [Fact]
    public void Open_WhatIsNoClassifier_SaysWhatIsWrong()
    {
        using var folder = new TemporaryFolder();
        Assert.Contains("config.json", Assert.Throws<InferenceException>(() => TextClassifier.Open(folder.Path)).Message, StringComparison.Ordinal);
        Write(folder.Path);
        File.WriteAllText(folder["config.json"], "{");
        Assert.Throws<InferenceException>(() => TextClassifier.Open(folder.Path));
        Write(folder.Path);
        File.WriteAllBytes(folder["model.safetensors"], [1, 2, 3]);
        Assert.Throws<InferenceException>(() => TextClassifier.Open(folder.Path));
    }

    [Fact]
    public void Predict_AfterDisposal_Throws()
    {
        using var folder = new TemporaryFolder();
        Write(folder.Path);
        var classifier = TextClassifier.Open(folder.Path, 1);
        classifier.Dispose();
        classifier.Dispose();
        Assert.Throws<ObjectDisposedException>(() => classifier.Predict("late"));
    }

    [Fact]
    public async Task Command_LinesAndTables_GiveALabelForEach()
    {
        using var folder = new TemporaryFolder();
        Write(folder.Path);
        (int code, string output) = await Run("one text\nanother\n", "predict", "--model", folder.Path, "--threads", "1");
        Assert.Equal(0, code);
        Assert.All(output.TrimEnd().Split('\n'), line => Assert.Contains(line.Split('\t')[0], Names));
        Assert.Equal(2, output.TrimEnd().Split('\n').Length);
        Assert.StartsWith($"{Names[0]}=0.", output.Split('\t')[1], StringComparison.Ordinal);

        using (var packed = new System.IO.Compression.GZipStream(File.Create(folder["texts.txt.gz"]), System.IO.Compression.CompressionMode.Compress))
            packed.Write("one text\nanother\n"u8);
        Assert.Equal(output, (await Run("", "predict", folder["texts.txt.gz"], "--model", folder.Path, "--threads", "1")).Output);

        File.WriteAllLines(folder["unlabelled.csv"], ["premise,hypothesis", "a,b", "c,\"d, e\"", "f,g"]);
        (code, output) = await Run("", "predict", folder["unlabelled.csv"], "--model", folder.Path, "--json", "--threads", "1");
        Assert.Equal(0, code);
        using JsonDocument report = JsonDocument.Parse(output);
        Assert.Equal(3, report.RootElement.GetProperty("predictions").GetArrayLength());

        (code, _) = await Run("no tab\n", "predict", "--model", folder.Path, "--pairs");
        Assert.Equal(2, code);
    }

    [Fact]
    public void Open_WeightThatIsNoNumber_IsRefusedWithItsPlace()
    {
        using var folder = new TemporaryFolder();
        Write(folder.Path);
        ModelWeights weights = ModelWeights.Load(folder["model.safetensors"]);
        weights["classifier.out_proj.weight"].Values[17] = float.NaN;
        weights.Save(folder["model.safetensors"]);
        string message = Assert.Throws<InferenceException>(() => TextClassifier.Open(folder.Path, 1)).Message;
        Assert.Contains("tensor 'classifier.out_proj.weight': has the value NaN in row 1, column 1", message, StringComparison.Ordinal);
        using var device = new CpuDevice(1);
        Assert.Throws<SafetensorsException>(() => ModelPackage.OpenClassifier(folder.Path, device));
    }

    private static async Task<(int Code, string Output)> Run(string input, params string[] args)
    {
        using var output = new MemoryStream();
        using var errors = new StringWriter();
        int code = await new Application(new Terminal(new MemoryStream(Encoding.UTF8.GetBytes(input)), output, errors)).RunAsync(args);
        return (code, Encoding.UTF8.GetString(output.ToArray()));
    }

    private static void Write(string folder)
    {
        var configuration = new EncoderConfiguration
        {
            Layers = 1,
            Hidden = 16,
            Heads = 2,
            FeedForward = 32,
            Vocabulary = TestTokenizer.Instance.VocabularySize,
            MaximumPositions = 32,
        };
        using var device = new CpuDevice(1);
        using var parameters = new ParameterSet(device);
        _ = new SequenceClassifier(parameters, configuration, Names.Length);
        parameters.Allocate(seed: 3);
        ModelFolder.Write(folder, parameters, configuration, TestTokenizer.Instance, ModelHead.Classifier(Names));
    }
}
