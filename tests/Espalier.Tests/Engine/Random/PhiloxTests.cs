using Espalier.Engine.Random;

namespace Espalier.Tests.Engine.Random;

public class PhiloxTests
{
    // Known answers for philox4x32 published with the Random123 library (D. E. Shaw Research, tests/kat_vectors).
    [Theory]
    [InlineData(7, 0x00000000u, 0x00000000u, 0x00000000u, 0x00000000u, 0x00000000u, 0x00000000u, "5f6fb709 0d893f64 4f121f81 4f730a48")]
    [InlineData(7, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu, "5207ddc2 45165e59 4d8ee751 8c52f662")]
    [InlineData(7, 0x243f6a88u, 0x85a308d3u, 0x13198a2eu, 0x03707344u, 0xa4093822u, 0x299f31d0u, "4dfccaba 190a87f0 c47362ba b6b5242a")]
    [InlineData(10, 0x00000000u, 0x00000000u, 0x00000000u, 0x00000000u, 0x00000000u, 0x00000000u, "6627e8d5 e169c58d bc57ac4c 9b00dbd8")]
    [InlineData(10, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu, "408f276d 41c83b0e a20bc7c6 6d5451fd")]
    [InlineData(10, 0x243f6a88u, 0x85a308d3u, 0x13198a2eu, 0x03707344u, 0xa4093822u, 0x299f31d0u, "d16cfe09 94fdcceb 5001e420 24126ea1")]
    public void Draw_PublishedCounters_GivesPublishedWords(
        int rounds, uint c0, uint c1, uint c2, uint c3, uint k0, uint k1, string expected)
    {
        var (w0, w1, w2, w3) = Philox.Draw(c0, c1, c2, c3, k0 | ((ulong)k1 << 32), rounds);
        Assert.Equal(expected, $"{w0:x8} {w1:x8} {w2:x8} {w3:x8}");
    }
}
