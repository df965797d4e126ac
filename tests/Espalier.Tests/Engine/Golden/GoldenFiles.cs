using System.Runtime.InteropServices;
using Espalier.Engine.Safetensors;

namespace Espalier.Tests.Engine.Golden;

/// <summary>The dumps that make_goldens.py wrote, as they lie beside the built tests. README.md says what is in them.</summary>
internal static class GoldenFiles
{
    public static SafetensorsFile Open(string model) =>
        SafetensorsFile.Open(Path.Combine(AppContext.BaseDirectory, "Engine", "Golden", model + ".safetensors"));

    public static float[] Floats(this SafetensorsFile file, string name)
    {
        var values = new float[file.Tensors[name].ElementCount];
        file.CopyTo(name, values);
        return values;
    }

    public static int[] Integers(this SafetensorsFile file, string name)
    {
        Assert.Equal(Dtype.I32, file.Tensors[name].Dtype);
        return MemoryMarshal.Cast<byte, int>(file.GetBytes(name)).ToArray();
    }
}
