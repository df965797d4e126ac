using Espalier.Engine.Autograd;
using Espalier.Engine.Devices;
using Espalier.Engine.Kernels;
using Espalier.Engine.Models;

namespace Espalier.Tests.Engine.Models;

public class StackConfigurationTests
{
    [Fact]
    public void Encoder_EverythingWrong_ListsEveryFault()
    {
        var configuration = new EncoderConfiguration
        {
            Layers = 0,
            Hidden = -1,
            Heads = -2,
            FeedForward = -3,
            Vocabulary = 0,
            MaximumPositions = -4,
            Dropout = 1,
            AttentionDropout = float.NaN,
            LayerNormEpsilon = 0,
            Norm = (NormPlacement)7,
            Sharing = (LayerSharing)8,
            Activation = (Activation)9,
        };
        AssertFaults(
            p => new Encoder(p, configuration),
            "Layers is 0", "Hidden is -1", "Heads is -2", "FeedForward is -3", "Vocabulary is 0", "MaximumPositions is -4", "Dropout is 1",
            "AttentionDropout is NaN", "LayerNormEpsilon is 0", "Norm is 7", "Sharing is 8", "Activation is 9");
    }

    [Fact]
    public void EncoderDecoder_EverythingWrong_ListsEveryFault()
    {
        var configuration = new EncoderDecoderConfiguration
        {
            Layers = 1,
            DecoderLayers = -1,
            Hidden = 35,
            Heads = 2,
            Vocabulary = 9,
            MaximumPositions = 9,
            LabelSmoothing = 1,
            Activation = (Activation)9,
        };
        AssertFaults(
            p => new EncoderDecoder(p, configuration),
            "DecoderLayers is -1", "Hidden is 35", "Hidden 35 is no multiple of Heads 2", "LabelSmoothing is 1", "Activation is 9");
    }

    [Fact]
    public void SequenceClassifier_FaultsOfEncoderAndHead_AreListedTogether()
        => AssertFaults(
            p => new SequenceClassifier(p, SmallModels.Encoder with { Heads = 5 }, 1), "Hidden 36 is no multiple of Heads 5", "1 classes");

    [Theory]
    [InlineData(32, 1)]
    [InlineData(64, 2)]
    [InlineData(128, 2)]
    [InlineData(256, 4)]
    public void Heads_Default_AreOf64ButTwoAtThatWidth(int hidden, int heads)
    {
        EncoderConfiguration configuration = SmallModels.Encoder with { Hidden = hidden, Heads = 0 };
        Assert.Empty(configuration.Validate());
        Assert.Equal(heads, configuration.ActualHeads);
    }

    [Theory]
    [InlineData(96)]
    [InlineData(160)]
    [InlineData(200)]
    public void Heads_DefaultThatCannotBeOf64_IsAFault(int hidden)
        => AssertFaults(
            p => new Encoder(p, SmallModels.Encoder with { Hidden = hidden, Heads = 0 }), $"Hidden {hidden} is no multiple of 64");

    private static void AssertFaults(Func<ParameterSet, object> create, params string[] expected)
    {
        using var device = new CpuDevice(1);
        using var parameters = new ParameterSet(device);
        ConfigurationException fault = Assert.Throws<ConfigurationException>(() => create(parameters));
        foreach (string beginning in expected)
        {
            Assert.Single(fault.Faults, f => f.StartsWith(beginning, StringComparison.Ordinal));
        }

        Assert.Equal(expected.Length, fault.Faults.Count);
        Assert.All(fault.Faults, f => Assert.Contains(f, fault.Message, StringComparison.Ordinal));
    }
}
