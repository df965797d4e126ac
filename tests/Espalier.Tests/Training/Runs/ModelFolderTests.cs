using System.Runtime.InteropServices;
using System.Text.Json;
using Espalier.Engine.Autograd;
using Espalier.Engine.Devices;
using Espalier.Engine.Memory;
using Espalier.Engine.Models;
using Espalier.Engine.Safetensors;
using Espalier.Tests.Text;
using Espalier.Text.Tokenization;
using Espalier.Training.Runs;

namespace Espalier.Tests.Training.Runs;

public class ModelFolderTests
{
    private static readonly string[] Vectors = ["weight", "bias"];

    [Theory]
    [InlineData(NormPlacement.Pre, LayerSharing.None)]
    [InlineData(NormPlacement.Post, LayerSharing.None)]
    [InlineData(NormPlacement.Pre, LayerSharing.Attention)]
    [InlineData(NormPlacement.Pre, LayerSharing.All)]
    public void Load_WhatWasWritten_IsTheSameModel(NormPlacement norm, LayerSharing sharing)
    {
        using var folder = new TemporaryFolder();
        using var device = new CpuDevice(1);
        EncoderConfiguration configuration = Configuration(norm, sharing);
        using ParameterSet written = Model(device, configuration, seed: 1);
        ModelFolder.Write(folder.Path, written, configuration, TestTokenizer.Instance, ModelHead.MaskedLanguageModel);

        EncoderConfiguration read = ModelFolder.ReadConfiguration(folder.Path);
        Assert.Equal(configuration, read);
        using ParameterSet loaded = Model(device, read, seed: 2);
        ModelFolder.Load(folder.Path, loaded, read, withHead: true);
        Assert.Equal(Values(written), Values(loaded));
        Assert.Equal(TestTokenizer.Instance.Fingerprint, Tokenizer.Load(folder["tokenizer.json"]).Fingerprint);
    }

    [Fact]
    public void Load_TokenTypeOfAnotherProgram_GoesIntoThePositions()
    {
        using var folder = new TemporaryFolder();
        using var device = new CpuDevice(1);
        EncoderConfiguration configuration = Configuration(NormPlacement.Post, LayerSharing.None);
        using ParameterSet written = Model(device, configuration, seed: 1);
        ModelFolder.Write(folder.Path, written, configuration, TestTokenizer.Instance, ModelHead.MaskedLanguageModel);
        float[] expected = PositionsOf(written);
        string path = folder[ModelFolder.WeightsName];
        using (var copy = SafetensorsFile.Open(path))
        {
            using var writer = new SafetensorsWriter(
                folder["changed"], copy.Tensors.Select(t => new TensorDeclaration(t.Key, t.Value.Dtype, t.Value.Shape)), null);
            foreach (string name in copy.Tensors.Keys)
            {
                float[] type = [.. Enumerable.Range(0, configuration.Hidden).Select(i => i / 4f)];
                writer.Write(name, name.Contains("token_type", StringComparison.Ordinal) ? MemoryMarshal.AsBytes<float>(type) : copy.GetBytes(name));
            }

            writer.Commit();
        }

        File.Move(folder["changed"], path, overwrite: true);
        using ParameterSet loaded = Model(device, configuration, seed: 2);
        ModelFolder.Load(folder.Path, loaded, configuration, withHead: true);
        Assert.Equal(expected.Select((value, i) => value + (i % configuration.Hidden / 4f)), PositionsOf(loaded));

        float[] PositionsOf(ParameterSet parameters)
        {
            (_, _, DeviceSpan<float> span) = parameters.Stored().Single(t => t.Name.Contains("position", StringComparison.Ordinal));
            float[] values = new float[span.Length];
            device.Download(span, values);
            return values;
        }
    }

    [Fact]
    public void Load_EncoderUnderAnotherHead_LeavesTheHeadAsItWas()
    {
        using var folder = new TemporaryFolder();
        using var device = new CpuDevice(1);
        EncoderConfiguration configuration = Configuration(NormPlacement.Pre, LayerSharing.None);
        using ParameterSet written = Model(device, configuration, seed: 1);
        ModelFolder.Write(folder.Path, written, configuration, TestTokenizer.Instance, ModelHead.MaskedLanguageModel);

        using var classifier = new ParameterSet(device);
        _ = new SequenceClassifier(classifier, configuration, 3);
        classifier.Allocate(seed: 2);
        string before = Values(classifier).Single(v => v.StartsWith("classifier.dense.weight", StringComparison.Ordinal));
        ModelFolder.Load(folder.Path, classifier, configuration, withHead: false);
        string[] encoder = [.. Values(written).Where(v => !v.StartsWith("lm_head", StringComparison.Ordinal))];
        Assert.Equal(encoder, Values(classifier).Where(v => !v.StartsWith("classifier", StringComparison.Ordinal)));
        Assert.Contains(before, Values(classifier));
    }

    [Fact]
    public void Write_SharedLayers_HasTheTensorsOfHuggingFacesModelClass()
    {
        using var folder = new TemporaryFolder();
        using var device = new CpuDevice(1);
        EncoderConfiguration configuration = Configuration(NormPlacement.Pre, LayerSharing.All);
        using ParameterSet parameters = Model(device, configuration, seed: 1);
        ModelFolder.Write(folder.Path, parameters, configuration, TestTokenizer.Instance, ModelHead.MaskedLanguageModel);

        // state_dict() of RobertaPreLayerNormForMaskedLM without what it ties (lm_head.decoder) and its buffers.
        const string model = "roberta_prelayernorm";
        string[] inLayer =
        [
            "attention.LayerNorm", "attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense",
            "intermediate.LayerNorm", "intermediate.dense", "output.dense",
        ];
        IEnumerable<string> expected = new[] { "word", "position", "token_type" }.Select(e => $"{model}.embeddings.{e}_embeddings.weight")
            .Concat(Pair($"{model}.embeddings.LayerNorm")).Concat(Pair($"{model}.LayerNorm"))
            .Concat(Enumerable.Range(0, 2).SelectMany(i => inLayer.SelectMany(name => Pair($"{model}.encoder.layer.{i}.{name}"))))
            .Concat(Pair("lm_head.dense")).Concat(Pair("lm_head.layer_norm")).Append("lm_head.bias");
        using SafetensorsFile file = SafetensorsFile.Open(folder["model.safetensors"]);
        Assert.Equal(expected.Order(StringComparer.Ordinal), file.Tensors.Keys.Order(StringComparer.Ordinal));

        // Positions count from the padding symbol's id + 1.
        Assert.Equal([8 + 2, 16], file.Tensors[$"{model}.embeddings.position_embeddings.weight"].Shape);
        JsonElement config = JsonDocument.Parse(File.ReadAllBytes(folder["config.json"])).RootElement;
        Assert.Equal(10, config.GetProperty("max_position_embeddings").GetInt32());
        Assert.Equal("RobertaPreLayerNormForMaskedLM", config.GetProperty("architectures")[0].GetString());
    }

    [Fact]
    public void ReadConfiguration_OtherModel_SaysWhatWasExpected()
    {
        using var folder = new TemporaryFolder();
        folder.Write("config.json", """
            {"model_type":"gpt2","vocab_size":1,"hidden_size":1,"num_hidden_layers":1,"num_attention_heads":1,
             "intermediate_size":1,"max_position_embeddings":1}
            """);
        Assert.Contains("expected roberta", Assert.Throws<RunException>(() => ModelFolder.ReadConfiguration(folder.Path)).Message);
        folder.Write("config.json", "{");
        Assert.Contains("is no model's configuration", Assert.Throws<RunException>(() => ModelFolder.ReadConfiguration(folder.Path)).Message);
    }

    private static IEnumerable<string> Pair(string name) => Vectors.Select(v => $"{name}.{v}");

    private static EncoderConfiguration Configuration(NormPlacement norm, LayerSharing sharing) => new()
    {
        Layers = 2,
        Hidden = 16,
        Heads = 2,
        FeedForward = 24,
        Vocabulary = TestTokenizer.Instance.VocabularySize,
        MaximumPositions = 8,
        Dropout = 0.25f,
        Norm = norm,
        Sharing = sharing,
    };

    private static ParameterSet Model(CpuDevice device, EncoderConfiguration configuration, ulong seed)
    {
        var parameters = new ParameterSet(device);
        _ = new MaskedLanguageModel(parameters, configuration);
        parameters.Allocate(seed);
        return parameters;
    }

    private static string[] Values(ParameterSet parameters) => [.. parameters.Stored().Select(t =>
    {
        float[] values = new float[t.Values.Length];
        parameters.Device.Download(t.Values, values);
        return $"{t.Name} {t.Shape} {string.Join(' ', values)}";
    })];
}
