using Espalier.Compression;
using Espalier.Compression.Analysis;
using Espalier.Engine.Autograd;

namespace Espalier.Tests.Compression.Analysis;

public class WeightErrorTests
{
    [Fact]
    public void ByModule_TwoMatricesOfAKind_AreTakenTogether()
    {
        ModelWeights original = Of([1, 2], [3, 4], [5, 6]), compressed = Of([0, 2], [3, 6], [5, 5.5f]);
        IReadOnlyList<WeightError> errors = WeightError.ByModule(original, compressed);
        Assert.Equal([ModuleKind.AttentionInput, ModuleKind.FeedForwardDown], errors.Select(e => e.Kind));
        Assert.Equal((2, 4L, -0.25, 0.75), (errors[0].Tensors, errors[0].Weights, errors[0].Mean, errors[0].MeanMagnitude));
        Assert.Equal((5 / 4.0) - (1 / 16.0), errors[0].Variance, 12);
        Assert.Equal((0.25, 1 / 16.0), (errors[1].Mean, errors[1].Variance));

        static ModelWeights Of(float[] query, float[] key, float[] down) => new([
            new WeightTensor("encoder.layer.0.attention.self.query.weight", Shape.Matrix(1, 2), query),
            new WeightTensor("encoder.layer.0.attention.self.key.weight", Shape.Matrix(1, 2), key),
            new WeightTensor("encoder.layer.0.output.dense.weight", Shape.Matrix(1, 2), down)]);
    }

    [Theory]
    [InlineData("roberta.embeddings.position_embeddings.weight", ModuleKind.Embedding)]
    [InlineData("embeddings.LayerNorm.weight", ModuleKind.Norm)]
    [InlineData("encoder.layer.3.attention.self.value.weight", ModuleKind.AttentionInput)]
    [InlineData("encoder.layer.3.attention.self.value.bias", ModuleKind.Bias)]
    [InlineData("encoder.layer.3.attention.output.dense.weight", ModuleKind.AttentionOutput)]
    [InlineData("encoder.layer.3.intermediate.dense.weight", ModuleKind.FeedForwardUp)]
    [InlineData("encoder.layer.3.output.dense.weight", ModuleKind.FeedForwardDown)]
    [InlineData("classifier.out_proj.weight", ModuleKind.Head)]
    [InlineData("lm_head.layer_norm.weight", ModuleKind.Norm)]
    public void KindOf_NamesOfCheckpoints_IsThatOfFigure9(string name, ModuleKind expected) => Assert.Equal(expected, ModuleKinds.Of(name));
}
