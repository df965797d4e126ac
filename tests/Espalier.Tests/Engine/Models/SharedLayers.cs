using System.Text.RegularExpressions;

namespace Espalier.Tests.Engine.Models;

/// <summary>Compares a model whose layers share parameters with one where every layer has a copy of them.</summary>
internal static partial class SharedLayers
{
    /// <summary>Gives every layer of <paramref name="apart"/> what the layers of <paramref name="shared"/> have in common.</summary>
    public static void Copy<TModel>(ModelFixture<TModel> shared, ModelFixture<TModel> apart)
    {
        var values = shared.Parameters.Stored().ToDictionary(t => t.Name, t => shared.Read(t.Values));
        foreach (var tensor in apart.Parameters.Stored())
        {
            apart.Device.Upload(values[NameIn(values, tensor.Name)], tensor.Values);
        }
    }

    /// <summary>Fails unless each shared gradient is the sum of those of its copies.</summary>
    public static void AssertSums(Dictionary<string, float[]> shared, Dictionary<string, float[]> apart)
    {
        Assert.True(shared.Count < apart.Count);
        foreach (var copies in apart.GroupBy(g => NameIn(shared, g.Key), g => g.Value))
        {
            float[] sum = [.. copies.First().Select((_, i) => copies.Sum(copy => copy[i]))];
            SmallModels.AssertClose(copies.Key, sum, shared[copies.Key]);
        }
    }

    private static string NameIn(Dictionary<string, float[]> shared, string name)
        => shared.ContainsKey(name) ? name : LayerNumber().Replace(name, ".0.", 1);

    [GeneratedRegex(@"\.\d+\.")]
    private static partial Regex LayerNumber();
}
