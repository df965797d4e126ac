using Espalier.Engine.Models;
using Espalier.Training.Objectives;

namespace Espalier.Tests.Training.Objectives;

public class FlopCountTests
{
    // get_train_flops(1, 1) of ELECTRA's flops_computation.py for TransformerHparams(h, l, s, v); the first is their BERT base.
    [Theory]
    [InlineData(768, 12, 512, 30522, 251_106_840_000)]
    [InlineData(128, 2, 128, 8192, 873_177_600)]
    public void MaskedLanguageModel_AsElectraCounts_IsTheirScriptsFigure(int hidden, int layers, int length, int vocabulary, double expected)
    {
        var flops = new EncoderFlops(Configuration(hidden, layers, length, vocabulary));
        Assert.Equal(expected, flops.MaskedLanguageModel([0, length], length * 5 / 32).Electra, expected * 1e-12);
    }

    [Fact]
    public void MaskedLanguageModel_Products_AreThoseOfEveryLayerForwardAndBackward()
    {
        // Two sequences, of 3 and 5 tokens: 8 rows through each linear layer, 9 + 25 pairs in attention.
        (double h, double v, double f) = (64, 100, 256);
        double layer = (2 * 8 * ((4 * h * h) + (2 * h * f))) + (2 * 2 * (9 + 25) * h);
        double head = 2 * 2 * ((h * h) + (h * v));
        FlopCount count = new EncoderFlops(Configuration(64, 3, 8, 100)).MaskedLanguageModel([0, 3, 8], 2);
        Assert.Equal(3 * ((3 * layer) + head), count.Products);
    }

    private static EncoderConfiguration Configuration(int hidden, int layers, int length, int vocabulary)
        => new() { Hidden = hidden, Layers = layers, MaximumPositions = length, Vocabulary = vocabulary };
}
